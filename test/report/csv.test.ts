import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FileSystem } from '../../src/base/bytes.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import {
  OUTPUT_SUMMARY_COLUMNS,
  QUANT_PARAM_COLUMNS,
  ROUND_COLUMNS,
  ROUNDS_SUMMARY_COLUMNS,
} from '../../src/report/columns.ts';
import { compareTensors } from '../../src/report/compare.ts';
import { outputSummaryCsv, quantParamCsv, roundCsv, roundsSummaryCsv } from '../../src/report/csv.ts';
import type { ReportInput } from '../../src/report/json.ts';
import type { QuantParamRow, ReportRow } from '../../src/report/reportTypes.ts';
import { TensorSummary } from '../../src/report/tensorSummary.ts';
import { ReportWriter } from '../../src/report/writer.ts';

const report = compareTensors(
  createJsKernels(),
  Float32Array.of(-1.5, 0, 0.25, 0.0000001),
  Float32Array.of(-1.5, 0, 0.250012, 0),
);
const row: ReportRow = {
  nodeName: 'conv1',
  nodeType: 'Conv',
  tensorName: 'x',
  inOut: 'Input',
  tensorType: 'Activation',
  report,
};
const rows: readonly ReportRow[] = [
  row,
  { ...row, tensorName: 'w', tensorType: 'Weight' },
  { ...row, tensorName: 'y', inOut: 'Output', report: undefined },
];
const params: readonly QuantParamRow[] = [0.0235294122, 1e-7].map((scale) => ({
  nodeName: 'conv1',
  nodeType: 'Conv',
  tensorName: 'w',
  elementsNum: 1728,
  dims: [64, 3, 3, 3],
  scale,
  zeroPoint: -128,
  bits: 8,
  correctionVar: 1,
  correctionMean: 0,
}));
const summary = [{ round: 0, tensorName: 'prob', cosine: 0.99999412 }];

test('the header lines are, byte for byte, those of converter_lite', () => {
  for (const dialect of ['document', 'converter_lite'] as const) {
    expect(roundCsv([], dialect)).toBe(
      ',NodeName,NodeType,TensorName,InOutFlag,DataTypeFlag,TensorTypeFlag,Min,Q1,Median,Q3,Max,Mean,Var,Sparsity,Clip,CosineSimilarity,\n',
    );
    expect(quantParamCsv([], dialect)).toBe(
      'NodeName,NodeType,TensorName,ElementsNum,Dims,Scale,ZeroPoint,Bits,CorrectionVar,CorrectionMean,\n',
    );
    expect(outputSummaryCsv([], dialect)).toBe('Round,TensorName,CosineSimilarity,\n');
  }
});

describe.each(['document', 'converter_lite'] as const)('dialect %s', (dialect) => {
  test.each([
    ['round', roundCsv(rows, dialect)],
    ['quant_param', quantParamCsv(params, dialect)],
    ['output_summary', outputSummaryCsv(summary, dialect)],
  ])('%s', (name, text) => {
    checkGolden(`${name}.${dialect}.csv`, text);
  });
});

test('rounds_summary has a line per tensor: what was not measured is empty, and worst rounds have their number', () => {
  const better = compareTensors(createJsKernels(), Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 2, 3, 4));
  const tensors = new TensorSummary();
  tensors.add(rows, 0);
  tensors.add(
    rows.map((r) => ({ ...r, report: r.report && better })),
    1,
  );
  checkGolden('rounds_summary.csv', roundsSummaryCsv(tensors.tensors()));
});

test('a tensor that was not measured has empty figures, and in the dialect of converter_lite no lines', () => {
  const unmeasured = rows.slice(2);
  expect(roundCsv(unmeasured, 'document').split('\n').slice(1)).toEqual([
    '0,conv1,Conv,y,Output,Origin,Activation,,,,,,,,,,,',
    '1,conv1,Conv,y,Output,Dequant,Activation,,,,,,,,,,,',
    '',
  ]);
  expect(roundCsv(unmeasured, 'converter_lite').split('\n').slice(1)).toEqual(['']);
});

test('a name with a comma is quoted in the document dialect alone', () => {
  const odd = [{ ...row, nodeName: 'a,b' }];
  expect(roundCsv(odd, 'document').split('\n')[1]).toMatch(/^0,"a,b",Conv,/);
  expect(roundCsv(odd, 'converter_lite').split('\n')[1]).toMatch(/^0,a,b,Conv,/);
});

test('every column has an id of its own and says what it means', () => {
  for (const columns of [ROUND_COLUMNS, QUANT_PARAM_COLUMNS, OUTPUT_SUMMARY_COLUMNS, ROUNDS_SUMMARY_COLUMNS]) {
    expect(new Set(columns.map((c) => c.id)).size).toBe(columns.length);
    for (const { doc } of columns) expect(doc).toMatch(/^[A-Z1].*\.$/);
  }
});

describe('the writer', () => {
  const input: ReportInput = {
    model: 'm.onnx',
    config: 'm.cfg',
    quantType: 'FULL_QUANT',
    method:
      'FULL_QUANT, target onnxruntime, activations uint8 asymmetric by MAX_MIN, weights int8 symmetric per channel',
    evaluatedOn: 'calibration samples 0-7',
    samples: 8,
    outputs: [{ name: 'prob', cosine: 1, sqnrDb: Infinity }],
    nodes: [
      {
        nodeId: 0,
        handle: 'conv1',
        opType: 'Conv',
        quantized: true,
        form: 'integer',
        precision: 'int4',
        why: 'runs on integers',
        canSkip: true,
        skipped: false,
        cosine: 0.99,
        sqnrDb: 31.5,
        localSqnrDb: Infinity,
        clipRate: 0.001,
        sensitivity: null,
      },
    ],
    accuracy: null,
    sizes: {
      float: 400,
      quantized: 100,
      floatGzip: null,
      quantizedGzip: null,
      effectiveBits: null,
      weights: [],
    },
    autoTune: null,
    clusters: {
      clusters: 16,
      start: 'linear',
      tensors: [
        {
          tensor: 'w',
          node: 'conv1',
          elements: 100,
          centroids: 16,
          bits: 4,
          bytes: 114,
          gzipBytes: 110,
          sqnrDb: 20.5,
          rounds: 9,
        },
      ],
    },
    differences: [{ what: 'left float by converter_lite, quantized by default', nodes: ['conv'] }],
    requantizers: {
      flavour: 'fp32',
      bits: 8,
      tolerance: null,
      comparedOn: null,
      nodes: [
        {
          nodeId: 0,
          handle: 'conv1',
          opType: 'Conv',
          channels: 2,
          worst: { channel: 1, multiplier: 0.3, mantissa: 154, shift: 9, relativeError: 0.0026 },
          shifts: [8, 9],
          withinTolerance: null,
          differences: null,
        },
      ],
    },
    diagnostics: [{ severity: 'warning', code: 'QNT204', message: 'm', at: { file: 'm.onnx', node: 'conv1' } }],
  };

  test('writes each file under its name', async () => {
    const { files, written } = memory();
    const writer = new ReportWriter(files, '/out', 'document');
    await writer.round(3, rows);
    await writer.quantParams([]);
    await writer.quantParams(params);
    await writer.outputSummary(summary);
    await writer.roundsSummary();
    await writer.json(input);
    expect([...written.keys()]).toEqual([
      '/out/round_3.csv',
      '/out/quant_param.csv',
      '/out/output_summary.csv',
      '/out/rounds_summary.csv',
      '/out/report.json',
    ]);
    checkGolden('report.json', written.get('/out/report.json') ?? '');
  });
});

function memory(): { files: FileSystem; written: Map<string, string> } {
  const written = new Map<string, string>();
  const files = {
    resolve: (base: string, path: string) => `${base}/${path}`,
    write: async (path: string, contents: string) => void written.set(path, contents),
  } as unknown as FileSystem; // the writer calls nothing else
  return { files, written };
}

/** Compares with `test/golden/<name>`; `UPDATE_GOLDEN=1` records, a mismatch leaves `<name>.actual` beside it. */
function checkGolden(name: string, actual: string): void {
  const path = new URL(`../golden/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, actual);
  const expected = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (actual !== expected) writeFileSync(new URL(`../golden/${name}.actual`, import.meta.url), actual);
  expect(actual).toBe(expected);
}
