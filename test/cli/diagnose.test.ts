import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parseCommand } from '../../src/cli/args.ts';
import { diagnosisText } from '../../src/cli/diagnosisText.ts';
import type { Cause, Cure, DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import { cli, SAMPLE, testFolder } from './cli.ts';

vi.setConfig({ testTimeout: 180_000 });

const folder = testFolder();

test('diagnose says causes and cures, writes JSON and adds to the report; a limit fails it', async () => {
  cpSync(SAMPLE, folder, { recursive: true });
  const config = join(folder, 'clipped.cfg');
  const text = readFileSync(join(folder, 'full_quant.cfg'), 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=4')
    .replace('evaluate_size=500', 'evaluate_size=4');
  writeFileSync(config, text.replace('[quantscope]', '[quantscope]\nnode_overrides=relu1:range(0..0.2)'));
  const [json, report] = [join(folder, 'diagnosis.json'), join(folder, 'report')];
  const ended = await cli([
    ...['diagnose', join(folder, 'mnist.onnx'), '--config', config, '--json', json, '--report', report],
    ...['--samples', '4', '--nodes', '2', '--no-data', '--threads', '1', '--fail-under', 'cosine=1'],
  ]);
  expect(ended.stderr).toMatch(/--fail-under: cosine is 0\.\d+ \(\d+ samples\), at least 1 is asked for/);
  expect(ended.code).toBe(4);
  expect(ended.stdout).toMatch(/1\. conv1 \(Conv, loss [\d.e-]+\): The range cuts values off/);
  expect(ended.stdout).toMatch(
    /\+ .+: [\d.]+ -> [\d.]+.*of the MACs on integers\n +\[quantscope\] node_overrides=relu1:/,
  );
  const { model, elapsedMs, config: path, ...diagnosis } = JSON.parse(readFileSync(json, 'utf8'));
  expect([model, path]).toEqual([join(folder, 'mnist.onnx'), config]);
  expect(elapsedMs).toBeGreaterThan(0);
  expect(diagnosis.causes[0]).toMatchObject({ id: 'clipping', node: 'conv1', opType: 'Conv' });
  expect(diagnosis.causes[0].cures[0].gain).toBeGreaterThan(0);
  const written = JSON.parse(readFileSync(join(report, 'report.json'), 'utf8'));
  expect(written.diagnosis).toEqual(diagnosis);
  expect(written.schemaVersion).toBe(1);
  const schema = JSON.parse(readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'));
  expect(Object.keys(diagnosis).sort()).toEqual([...schema.$defs.diagnosis.required].sort());
  expect(Object.keys(diagnosis.causes[0]).sort()).toEqual([...schema.$defs.cause.required].sort());
  expect(Object.keys(diagnosis.causes[0].cures[0]).sort()).toEqual([...schema.$defs.cure.required].sort());
});

test('its options are read, and wrong ones explained', () => {
  const parsed = parseCommand(['diagnose', 'a.onnx', '--config', 'a.cfg', '--judge', 'top1', '--no-cures']);
  expect(parsed).toMatchObject({
    kind: 'diagnose',
    request: { judge: { id: 'top1' }, samples: 8, nodes: 8, cures: false, data: true },
  });
  expect(() => parseCommand(['diagnose', 'a.onnx'])).toThrow('--config CFG is missing');
  expect(() => parseCommand(['diagnose', 'a.onnx', '--config', 'a.cfg', '--nodes', 'all'])).toThrow(
    '--nodes all is not a number of at least 1',
  );
});

test('cures of the model as a whole stand by how many nodes they take in; the lines are those of the first', () => {
  const wide = (nodes: number, after: number): Cure => ({
    ...{ kind: 'worst:16', before: 0.5, after, gain: after - 0.5, bytes: 0, integerShare: 0.4, wideShare: 0.6, nodes },
    change: { overrides: Object.fromEntries(Array.from({ length: nodes }, (_, i) => [`n${i}`, 'int16'])) },
  });
  const view: DiagnosisView = {
    request: { judge: { id: 'cosine' }, samples: 2, nodes: 1, cures: true, data: true },
    ...{ configText: '[quantscope]\n', float: 1, quantized: 0.5, samples: 2, causes: [], data: [], reference: null },
    ...{ together: null, whole: { cures: [wide(2, 0.9), wide(3, 0.8)], tried: [] }, done: true, elapsedMs: 1 },
  };
  expect(diagnosisText(view).split('\n').slice(5, 8)).toEqual([
    '   + 16 bits for the worst nodes (2): 0.5 -> 0.9, 40 % of the MACs on integers, 60 % on 16-bit codes',
    '       [quantscope] node_overrides=n0:int16,n1:int16',
    '   + 16 bits for the worst nodes (3): 0.5 -> 0.8, 40 % of the MACs on integers, 60 % on 16-bit codes',
  ]);
});

test('the text has the lines of the config that apply a cure', () => {
  const cure: Cure = {
    kind: 'equalization',
    change: { settings: [{ section: 'quantscope', key: 'equalization', value: 'on' }], skip: ['b'] },
    ...{ before: 0.5, after: 0.75, gain: 0.25, bytes: -2048, integerShare: 0.975, wideShare: 0 },
  };
  const cause: Cause = {
    ...{ id: 'dominatingChannel', nodeId: 1, handle: 'conv1', opType: 'Conv', blame: 0.25, certainty: 0.5 },
    evidence: [{ label: 'Kurtosis', value: 12.34567, unit: 'number', healthy: 3, tensor: 'x', channel: 7 }],
    cures: [cure],
    tried: [{ ...cure, kind: 'bits:16' }],
  };
  const view: DiagnosisView = {
    request: { judge: { id: 'cosine' }, samples: 2, nodes: 1, cures: true, data: true },
    configText: '[common_quant_param]\nskip_quant_node=a\n',
    ...{
      float: 1,
      quantized: 0.5,
      samples: 2,
      causes: [cause],
      data: [],
      reference: null,
      together: cure,
      whole: null,
    },
    ...{ done: true, elapsedMs: 1500 },
  };
  expect(diagnosisText(view).split('\n')).toEqual([
    'cosine: float 1, quantized 0.5 (2 samples)',
    '',
    '1. conv1 (Conv, loss 0.25): One channel dominates the range',
    '     Kurtosis: 12.35 (healthy: 3) - x, channel 7',
    '   + Balance weights of neighbouring layers: 0.5 -> 0.75, -2.0 KiB, 97.5 % of the MACs on integers',
    '       [common_quant_param] skip_quant_node=a,b',
    '       [quantscope] equalization=on',
    '   - no help: 16 bits',
    '',
    'together: Balance weights of neighbouring layers: 0.5 -> 0.75, -2.0 KiB, 97.5 % of the MACs on integers',
    '       [common_quant_param] skip_quant_node=a,b',
    '       [quantscope] equalization=on',
    '',
    '1.5 s',
  ]);
});
