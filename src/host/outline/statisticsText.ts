import type { NodeDetails, StatsView, TensorView } from '../../protocol/views.ts';

const STATISTICS: readonly (keyof StatsView)[] = ['min', 'q1', 'median', 'q3', 'max', 'mean', 'variance', 'sparsity'];

interface Column {
  readonly title: string;
  readonly of: (tensor: TensorView) => string | number | null;
}

const COLUMNS: readonly Column[] = [
  { title: 'tensor', of: ({ name }) => name },
  { title: 'role', of: ({ role }) => role },
  { title: 'kind', of: ({ kind }) => kind },
  { title: 'dtype', of: ({ dtype }) => dtype },
  { title: 'shape', of: ({ dims }) => (dims === null ? null : dims.join('x')) },
  ...STATISTICS.map((name): Column => ({ title: `float ${name}`, of: ({ origin }) => origin?.[name] ?? null })),
  ...STATISTICS.map((name): Column => ({ title: `dequantized ${name}`, of: ({ dequant }) => dequant?.[name] ?? null })),
  { title: 'codes', of: ({ quant }) => quant?.dtype ?? null },
  { title: 'scale', of: ({ quant }) => quant?.scale.join(' ') ?? null },
  { title: 'zero point', of: ({ quant }) => quant?.zeroPoint.join(' ') ?? null },
  { title: 'cosine', of: ({ cosine }) => cosine },
  { title: 'SQNR (dB)', of: ({ sqnrDb }) => sqnrDb },
  { title: 'MSE', of: ({ mse }) => mse },
  { title: 'clip rate', of: ({ clipRate }) => clipRate },
  { title: 'saturation', of: ({ saturation }) => saturation },
];

/** The tensors of a node, one a line, columns separated by tabs, as spreadsheets take them; empty where not measured. */
export function statisticsText({ tensors }: NodeDetails): string {
  const used = COLUMNS.filter(({ of }) => tensors.some((tensor) => of(tensor) !== null));
  const lines = tensors.map((tensor) => used.map(({ of }) => String(of(tensor) ?? '').replace(/[\t\n]/g, ' ')));
  return [used.map(({ title }) => title), ...lines].map((cells) => `${cells.join('\t')}\n`).join('');
}
