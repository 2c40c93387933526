import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { compareTensors } from '../../src/report/compare.ts';
import { REPORT_SCHEMA_VERSION } from '../../src/report/json.ts';
import type { ReportRow } from '../../src/report/reportTypes.ts';
import { TensorSummary } from '../../src/report/tensorSummary.ts';

const kernels = createJsKernels();
const row = (origin: readonly number[], dequant: readonly number[]): ReportRow => ({
  nodeName: 'conv1',
  nodeType: 'Conv',
  tensorName: 'y',
  inOut: 'Output',
  tensorType: 'Activation',
  report: compareTensors(kernels, Float32Array.from(origin), Float32Array.from(dequant)),
});

function summaryOf(...rounds: readonly (readonly ReportRow[])[]) {
  const summary = new TensorSummary();
  rounds.forEach((rows, round) => {
    summary.add(rows, round);
  });
  return summary.tensors();
}

describe('figures over the rounds', () => {
  it('are mean, worst and spread, with extremes of all rounds', () => {
    const [tensor] = summaryOf([row([3, 0], [2, 0])], [row([-4, 0], [-1, 0])]);
    expect(tensor).toMatchObject({ node: 'conv1', opType: 'Conv', tensor: 'y', rounds: 2, count: 2 });
    expect(tensor?.mse).toEqual({ mean: 2.5, worst: 4.5, worstRound: 1, spread: 2 });
    expect(tensor?.cosine).toEqual({ mean: 1, worst: 1, worstRound: 0, spread: 0 });
    expect(tensor?.saturation).toEqual({ mean: null, worst: null, worstRound: null, spread: null });
    expect(tensor?.origin).toMatchObject({ min: -4, max: 3, median: (3 + 0) / 2, sparsity: 0.5, nan: 0 });
    expect(tensor?.dequant).toMatchObject({ min: -1, max: 2 });
  });

  it('leave out the infinite SQNR of a round without error', () => {
    const [tensor] = summaryOf([row([1, 2], [1, 2])], [row([10, 0], [9, 0])]);
    expect(tensor?.sqnrDb).toEqual({ mean: 20, worst: 20, worstRound: 1, spread: 0 });
    expect(summaryOf([row([1], [1])])[0]?.sqnrDb.mean).toBeNull();
  });

  it('are null for a tensor that is folded away', () => {
    const [tensor] = summaryOf([{ ...row([1], [1]), report: undefined }]);
    expect(tensor).toMatchObject({ rounds: 0, count: null, origin: null, dequant: null });
  });

  it('do not depend on the order of the rounds', () => {
    const rounds = fc.array(fc.array(fc.float({ noNaN: true, min: -8, max: 8 }), { minLength: 2, maxLength: 2 }), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(rounds, (values) => {
        const rows = values.map((v) => [row(v, [0.5, -0.5])]);
        const there = summaryOf(...rows)[0];
        const back = summaryOf(...[...rows].reverse())[0];
        for (const name of ['cosine', 'mse', 'sqnrDb'] as const) {
          expect(back?.[name].worst).toBe(there?.[name].worst);
          expect(back?.[name].mean ?? 0).toBeCloseTo(there?.[name].mean ?? 0, 9);
        }
      }),
    );
  });

  it('refuse a round with other tensors', () => {
    expect(() => summaryOf([row([1], [1])], [])).toThrow('a round has 0 tensors, not 1');
  });
});

it('report.json has exactly the fields that its schema documents, at every level', () => {
  const schema = JSON.parse(readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8'));
  const json = JSON.parse(readFileSync(new URL('../golden/report.json', import.meta.url), 'utf8'));
  expect(json.tensors.length).toBeGreaterThan(0);
  expect(schema.properties.schemaVersion.const).toBe(REPORT_SCHEMA_VERSION);
  expect(misfits(json, schema, schema.$defs, '$')).toEqual([]);
  expect(misfits({ ...json, more: 1 }, schema, schema.$defs, '$')).toEqual(['$.more is not documented']);
});

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
}

/** Where a value leaves a JSON schema; of the schema language what this schema uses. */
function misfits(value: unknown, schema: Schema, defs: Record<string, Schema>, path: string): string[] {
  if (schema.$ref !== undefined) return misfits(value, defs[schema.$ref.split('/').pop() ?? ''] ?? {}, defs, path);
  if (schema.anyOf !== undefined) {
    const all = schema.anyOf.map((s) => misfits(value, s, defs, path));
    return all.some((m) => m.length === 0) ? [] : (all[0] ?? []);
  }
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const types = [schema.type ?? type].flat();
  const fits = types.includes(type) || (type === 'number' && types.includes('integer') && Number.isInteger(value));
  if (!fits) return [`${path} is ${type}, not ${types.join(' or ')}`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${path} is ${String(value)}`];
  if (Array.isArray(value)) return value.flatMap((v, i) => misfits(v, schema.items ?? {}, defs, `${path}[${i}]`));
  if (type !== 'object') return [];
  const record = value as Record<string, unknown>;
  const missing = (schema.required ?? []).filter((k) => !(k in record)).map((k) => `${path}.${k} is missing`);
  const parts = Object.entries(record).flatMap(([k, v]) => {
    const part = schema.properties?.[k];
    return part === undefined ? [`${path}.${k} is not documented`] : misfits(v, part, defs, `${path}.${k}`);
  });
  return [...missing, ...parts];
}
