import type { Node } from '../graph/model.ts';
import { subgraphsOf } from '../graph/topo.ts';
import { DEVICES, type Device, type DeviceRules } from './devices.ts';
import { type LitePrimitive, primitiveOf } from './lite.ts';
import type { PlanDraft } from './planDraft.ts';
import type { Selection, Target } from './targets.ts';

export interface DeviceTargetOptions {
  readonly device: Device;
  /** ASCEND: a convolution is quantized when it has at least this many output channels. */
  readonly minChannels: number;
  /** Do what converter_lite does, also where it errs. */
  readonly strict: boolean;
}

/** The rules of a MindSpore Lite device as a target: casts on edges, parameters of its own for every output. */
export function deviceTarget(options: DeviceTargetOptions): Target {
  const rules = DEVICES[options.device];
  return {
    name: `mindspore ${options.device}`,
    arithmetic: 'mindspore',
    biases: options.strict ? 'converterLite' : 'exact',
    castsAt: 'edge',
    treatmentOf: (node, draft) => {
      const primitive = primitiveOf(node, draft.facts);
      const why = refusal(node, draft, primitive, options);
      return why === undefined ? selectionOf(node, primitive, rules) : { float: why };
    },
    fusedClamp: (node, draft) => fusedClamp(node, draft),
  };
}

function selectionOf(node: Node, { type }: LitePrimitive, rules: DeviceRules): Selection {
  const perLayer = !rules.perChannel.has(type);
  if (PRODUCTS.has(type) || (type === 'LayerNorm' && node.inputs.length > 1)) {
    return { treatment: type === 'LayerNorm' ? 'normalization' : 'weighted', perLayer };
  }
  return { treatment: type === 'Shape' ? 'reads' : 'observed', perLayer };
}

const PRODUCTS: ReadonlySet<string> = new Set(['Conv2D', 'ConvTranspose2D', 'MatMul', 'FullConnection']);

/** Why a device leaves a node float; undefined where it quantizes it. */
function refusal(
  node: Node,
  draft: PlanDraft,
  primitive: LitePrimitive,
  { device, minChannels, strict }: DeviceTargetOptions,
): string | undefined {
  const { primitives, activations } = DEVICES[device];
  const { type, kind } = primitive;
  const isListed = primitives === 'all' || primitives.has(type);
  if (!isListed || node.domain !== '') return `target mindspore ${device} does not quantize ${told(node, primitive)}`;
  if (kind !== undefined && activations !== 'all' && !activations.has(kind))
    return `target mindspore ${device} quantizes the activations ${[...activations].join(', ')}, not ${kind}`;
  if (subgraphsOf(node).length > 0) return `${node.opType} runs graphs of its own`;
  if (type !== 'Shape' && !node.outputs.some((id) => draft.isFloat(id))) return 'its output is not float32';
  if (device === 'ASCEND') return ascendRefusal(node, draft, type, minChannels);
  if (device === 'NVGPU' && type === 'MatMul' && strict)
    return 'the device names the primitive MatMul, and converted graphs have MatMulFusion instead';
  return undefined;
}

function told({ opType }: Node, { type }: LitePrimitive): string {
  return type === opType ? opType : `${opType} (${type})`;
}

function ascendRefusal(node: Node, draft: PlanDraft, type: string, minChannels: number): string | undefined {
  const weight = node.inputs[1];
  if (weight === undefined) return undefined;
  if (type === 'Conv2D') {
    const channels = draft.facts.get(weight)?.dims?.[0];
    const isFew = typeof channels === 'number' && channels < minChannels;
    return isFew ? `it has ${channels} output channels, fewer than min_quant_weight_channel=${minChannels}` : undefined;
  }
  if (!node.inputs.some((id) => id !== undefined && draft.isConstant(id)))
    return 'both operands are activations, which target mindspore ASCEND leaves float';
  const users = draft.wiring.consumers.get(weight)?.length ?? 0;
  return users > 1 ? `its weight has ${users} users, and target mindspore ASCEND wants one` : undefined;
}

/**
 * The ReLU or ReLU6 that converter_lite fuses into a convolution. It fuses none into a matrix product when activations
 * are quantized: the int8 kernel has no activation.
 */
function fusedClamp(node: Node, draft: PlanDraft): Node | undefined {
  const { type } = primitiveOf(node, draft.facts);
  const [out] = node.outputs;
  if ((type !== 'Conv2D' && type !== 'ConvTranspose2D') || out === undefined) return undefined;
  if (draft.soleProducer(out) !== node) return undefined;
  const [user] = draft.wiring.consumers.get(out) ?? [];
  const kind = user === undefined ? undefined : primitiveOf(user, draft.facts).kind;
  return kind === 'Relu' || kind === 'Relu6' ? user : undefined;
}
