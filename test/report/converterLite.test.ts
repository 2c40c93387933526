import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rint } from '../../src/base/round.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { compareTensors } from '../../src/report/compare.ts';
import { asConverterLite } from '../../src/report/converterLite.ts';
import { roundCsv } from '../../src/report/csv.ts';
import type { ReportRow } from '../../src/report/reportTypes.ts';
import { SHARED_DATA } from '../helpers/sharedData.ts';

const kernels = createJsKernels();

function figures(origin: readonly number[], dequant: readonly number[]) {
  const [a, b] = [Float32Array.from(origin), Float32Array.from(dequant)];
  return asConverterLite(compareTensors(kernels, a, b), a, b);
}

/** Two lines of a round file, without running number and names. */
function linesOf(a: Float32Array, b: Float32Array): string[] {
  const report = compareTensors(kernels, a, b);
  const row: ReportRow = {
    nodeName: 'n',
    nodeType: 'Conv',
    tensorName: 't',
    inOut: 'Output',
    tensorType: 'Activation',
    report: { ...report, converterLite: asConverterLite(report, a, b) },
  };
  const lines = roundCsv([row], 'converter_lite').split('\n').slice(1, 3);
  return lines.map((line) => line.split(',').slice(7).join(','));
}

describe("converter_lite's arithmetic", () => {
  it('gives the standard deviation as Var', () => {
    expect(figures([1, 3, 5, 7], [1, 3, 5, 7]).origin.variance).toBe(Math.sqrt(5));
  });

  it('counts clipping against the dequantized extremes', () => {
    expect(figures([-3, 0, 1, 2], [-2, 0, 1, 2]).clipRate).toBe(0.25);
    expect(figures([1.01], [1]).clipRate).toBe(1);
  });

  it('has cosine 1 for two zero tensors, 0 for tiny ones and for what is not finite', () => {
    expect(figures([0, 0], [0, 0]).cosine).toBe(1);
    expect(figures([1e-5, 0], [1e-5, 0]).cosine).toBe(0);
    expect(figures([Number.NaN, 1], [1, 1]).cosine).toBe(0);
    expect(figures([1, 2], [1, 2]).cosine).toBe(1);
  });

  it('leaves the document dialect as it is', () => {
    const report = compareTensors(kernels, Float32Array.of(1, 3), Float32Array.of(1, 3));
    const row = { nodeName: 'n', nodeType: 'Conv', tensorName: 't', inOut: 'Output', tensorType: 'Weight' } as const;
    const lite = asConverterLite(report, Float32Array.of(1, 3), Float32Array.of(1, 3));
    const both = { ...row, report: { ...report, converterLite: lite } };
    expect(roundCsv([both], 'document')).toBe(roundCsv([{ ...row, report }], 'document'));
  });
});

const golden = join(SHARED_DATA, '..', 'reference', 'mindspore-golden.json');

describe.skipIf(!existsSync(golden))(`lines as converter_lite prints them (${golden})`, () => {
  it('agree in every cell; of Var the sixth digit depends on the order of its sum', () => {
    const { cases } = JSON.parse(readFileSync(golden, 'utf8')).debug_stats as {
      cases: { n: number; row: 'Origin' | 'Dequant'; csv_tail: string }[];
    };
    expect(cases.length).toBe(18);
    for (const { n, row, csv_tail } of cases) {
      const { a, b } = pairOf(n);
      const ours = linesOf(a, b)[row === 'Origin' ? 0 : 1]?.split(',') ?? [];
      const theirs = csv_tail.split(',');
      expect(Math.abs(Number(ours[6]) - Number(theirs[6]))).toBeLessThan(2e-6);
      const others = (cells: readonly string[]) => cells.filter((_, i) => i !== 6);
      expect(others(ours), `n = ${n}, ${row}`).toEqual(others(theirs));
    }
  });
});

/** The reference's synthetic tensor of n elements, and itself through the grid of [-2, 2]. */
function pairOf(n: number): { a: Float32Array; b: Float32Array } {
  let state = 7;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const gauss = (): number => Array.from({ length: 12 }, uniform).reduce((sum, u) => sum + u, 0) - 6;
  const a = Float32Array.from({ length: n }, (_, i) => {
    const g = gauss();
    return i % 5 === 3 ? 0 : g;
  });
  const scale = Math.fround(4 / 255);
  const b = a.map((x) => scale * Math.max(-128, Math.min(127, rint(x / scale))));
  return { a, b };
}
