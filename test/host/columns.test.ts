import { expect, it } from 'vitest';
import { collectColumns, keptColumn } from '../../src/host/runs/columns.ts';
import type { MetricRequest } from '../../src/protocol/metrics.ts';

it('keeps what a run has measured over the worst sample and over all, and nothing that is measured anew', async () => {
  const asked: string[] = [];
  const columns = await collectColumns(async (request) => {
    asked.push(`${request.metric} ${request.of}`);
    return answer(request, [0.1234567891234, Number.NaN, Number.POSITIVE_INFINITY]);
  }, 3);
  for (const wanted of ['cosine worst', 'cosine mean', 'mse worst', 'weightError mean', 'bytes mean']) {
    expect(asked).toContain(wanted);
  }
  expect(asked.filter((request) => /^(sensitivity|macs|timeMs|floatTimeMs) /.test(request))).toEqual([]);
  expect(columns.map(({ metric, of }) => `${metric} ${of}`)).toEqual(asked);
  expect(columns[0]?.values).toEqual([0.123456789, Number.NaN, Number.POSITIVE_INFINITY]);
});

it('keeps fewer metrics of a model of very many nodes, the first of the table', async () => {
  const columns = await collectColumns(async (request) => answer(request, []), 200_000);
  expect(columns.map(({ metric, of }) => `${metric} ${of}`)).toEqual(['cosine worst', 'cosine mean']);
  expect(await collectColumns(async (request) => answer(request, []), 0)).not.toEqual([]);
});

it('finds a kept column again, the mean where a sample is asked for that is not kept', () => {
  const columns = [
    { metric: 'cosine', of: 'worst', values: [1] },
    { metric: 'cosine', of: 'mean', values: [2] },
  ] as const;
  expect(keptColumn(columns, { metric: 'cosine', of: 'worst' })?.values).toEqual(Float64Array.of(1));
  expect(keptColumn(columns, { metric: 'cosine', of: 3 })).toMatchObject({ of: 'mean', values: Float64Array.of(2) });
  expect(keptColumn(columns, { metric: 'mse', of: 'mean' })).toBeUndefined();
});

function answer({ metric, of }: MetricRequest, values: readonly number[]) {
  return { metric, of, samples: [], values: Float64Array.from(values) };
}
