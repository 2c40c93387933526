import type { SampleChoice } from '../../src/protocol/metrics.ts';
import { PAIR_FIGURES, SIDE_FIGURES, type TensorTable } from '../../src/protocol/tensorTable.ts';
import type { GraphView, RunView } from '../../src/protocol/views.ts';

/** Figures of all tensors of a graph: those of nodes that ran on integers have codes, others none. */
export function tensorTableOf(graph: GraphView, run: RunView, of: SampleChoice): TensorTable {
  const figures = new Map(run.nodes.map((f) => [f.nodeId, f]));
  const constants = new Set(graph.values.filter((v) => v.kind === 'constant').map((v) => v.id));
  const rows = graph.nodes.flatMap((node) => {
    const inputs = node.inputs.flatMap((id) => (id === null ? [] : [{ node, value: id, isOutput: false }]));
    return [...inputs, ...node.outputs.map((value) => ({ node, value, isOutput: true }))];
  });
  const column = () => new Float64Array(rows.length).fill(Number.NaN);
  const columns = <N extends string>(names: readonly N[]) =>
    Object.fromEntries(names.map((name) => [name, column()])) as Record<N, Float64Array>;
  const [origin, dequant, pair] = [columns(SIDE_FIGURES), columns(SIDE_FIGURES), columns(PAIR_FIGURES)];
  const parameters = { scaleLeast: column(), scaleGreatest: column(), zeroPoint: column(), channels: column() };
  const [sample, codeType] = [column(), new Uint8Array(rows.length)];
  rows.forEach(({ node, value, isOutput }, row) => {
    const f = figures.get(node.id);
    if (f === undefined || f.cosine === null) return;
    const shift = of === 'mean' ? 0.5 : of === 'worst' ? 1 : 0.2;
    const cosine = isOutput ? 1 - (1 - f.cosine) * shift : 1 - 1e-5 * (1 + (value % 7));
    pair.cosine[row] = cosine;
    pair.sqnrDb[row] = isOutput && f.sqnrDb !== null ? f.sqnrDb : 45;
    pair.mse[row] = 1e-4 * (1 + (value % 5));
    SIDE_FIGURES.forEach((name, i) => {
      const size = name === 'sparsity' ? 0.25 : name === 'variance' ? 0.7 : (i - 2) * (1 + (value % 3));
      origin[name][row] = size;
      dequant[name][row] = size * 0.99;
    });
    sample[row] = constants.has(value) ? Number.NaN : value % 8;
    if (f.form !== 'integer') return;
    pair.clipRate[row] = f.clipRate ?? 0;
    pair.saturation[row] = 0.001 * (value % 4);
    const channels = constants.has(value) ? 64 : 1;
    parameters.scaleLeast[row] = 0.001 * (1 + (value % 9));
    parameters.scaleGreatest[row] = channels > 1 ? 0.02 : parameters.scaleLeast[row]!;
    parameters.zeroPoint[row] = channels > 1 ? 0 : (value % 21) - 10;
    parameters.channels[row] = channels;
    codeType[row] = 1;
  });
  const samples = typeof of === 'number' ? 1 : 8;
  return {
    of,
    samples,
    rows: rows.length,
    origin,
    dequant,
    pair,
    sample,
    ...parameters,
    codeType,
    codeTypes: ['', 'int8'],
  };
}
