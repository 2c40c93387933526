import { decibels } from '../../diagnose/borders.ts';
import type { WeightNumbers } from '../../diagnose/numbers.ts';
import type { Node } from '../../graph/model.ts';
import { readAttributes } from '../../ops/attributes.ts';
import { findOp } from '../../ops/registry.ts';
import { channelsOf } from '../../quant/channels.ts';
import { pairOf } from '../../quant/qparams.ts';
import { weightRanges } from '../../quant/weightRanges.ts';
import type { Lab } from '../lab.ts';
import { loadConstants } from '../prepared.ts';
import { weightPair } from '../tensorPair.ts';
import { channelNumbers } from './tensorCounter.ts';

/** The weight of a node's product, against its codes; null for a node without, or whose weight stays float. */
export async function weightNumbers(lab: Lab, node: Node): Promise<WeightNumbers | null> {
  const { assignment, plan } = lab.result.build;
  const decision = plan.weights.find((w) => w.node === node.id && w.product !== undefined);
  const coded = assignment.constants.find((c) => c.node === node.id && c.input === decision?.input);
  if (decision === undefined || coded === undefined) return null;
  const { graph } = lab.run.prepared;
  const tensor = (await loadConstants(graph, [decision.value])).get(decision.value);
  const both = tensor && weightPair(tensor, { float: decision.value, quantized: coded.quantized, rounded: undefined });
  if (tensor === undefined || both === undefined || both.origin.length === 0) return null;
  const { params } = coded.quantized;
  const { aa, squaredError } = lab.run.float.kernels.pairSumsF32(both.origin, both.dequant);
  const at = { file: lab.run.open.file, node: node.handle };
  const perTensor = params.scale.length === 1;
  const axis = channelAxis(lab, node, tensor.dims.length);
  const isGrid = params.table === undefined && params.scheme.granularity.kind !== 'perBlock';
  const ranges = (byChannel: boolean) =>
    weightRanges(
      both.origin,
      channelsOf(tensor.dims, byChannel ? { kind: 'perChannel', axis } : params.scheme.granularity),
      at,
    );
  const raisedBy = isGrid
    ? ranges(false).map(({ lo, hi }, c) => {
        const own = pairOf({ lo: Math.min(0, lo), hi: Math.max(0, hi) }, params.scheme, plan.arithmetic);
        return own.degenerate ? 1 : (params.scale[c] as number) / Math.fround(own.scale);
      })
    : [];
  const raised = raisedBy.filter((factor) => factor > 1 + 2 ** -20); // float32 rounding of a scale is none
  const hasChannels = isGrid && perTensor && axis < tensor.dims.length && tensor.dims.length >= 2;
  return {
    tensor: graph.values.get(decision.value)?.name ?? '',
    valueId: decision.value,
    bits: Math.ceil(Math.log2(params.scheme.qmax - params.scheme.qmin + 1)),
    granularity: params.scheme.granularity.kind === 'perBlock' ? 'perBlock' : perTensor ? 'perTensor' : 'perChannel',
    sqnrDb: squaredError === 0 ? Number.POSITIVE_INFINITY : decibels(aa / squaredError),
    channels: hasChannels ? channelNumbers(ranges(true), () => params.scale[0] as number) : null,
    raised: { factor: Math.max(1, ...raised), channels: raised.length },
  };
}

/** The axis of a weight's outputs. */
function channelAxis(lab: Lab, node: Node, rank: number): number {
  const op = findOp(node.domain, node.opType, lab.run.open.model.opsets.get(node.domain) ?? 0);
  const fail = (message: string): never => {
    throw new Error(`invariant: ${node.handle}: ${message}`); // shape inference read the same attributes before
  };
  const rule = op?.quant(readAttributes(op.attributes, node.attributes, fail));
  if (rule?.kind !== 'weighted') return rank;
  return rule.channelAxis < 0 ? rule.channelAxis + rank : rule.channelAxis;
}
