import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import type { Links } from './links.ts';

/**
 * What a node does in a block, as one letter, so that sequences of nodes are texts that patterns can be looked for in.
 */
export const Role = {
  convolution: 'K',
  pointwise: 'P',
  depthwise: 'D',
  /** A product with a constant. */
  dense: 'M',
  /** A product of two activations. */
  product: 'X',
  recurrent: 'L',
  attention: 'T',
  softmax: 's',
  activation: 'a',
  batchNorm: 'b',
  layerNorm: 'N',
  pool: 'p',
  globalPool: 'g',
  mean: 'm',
  /** Addition, or product, with a constant. */
  bias: '+',
  scale: 'o',
  root: 'q',
  /** Joins of two activations. */
  sum: 'A',
  gate: 'U',
  concat: 'C',
  reshape: 't',
  lookup: 'E',
  shape: 'h',
  other: '.',
} as const;
export type Role = (typeof Role)[keyof typeof Role];

const BY_OPERATOR = new Map<string, Role>([
  ...each(Role.convolution, 'ConvTranspose ConvInteger QLinearConv FusedConv NhwcConv'),
  ...each(Role.recurrent, 'LSTM GRU RNN DynamicQuantizeLSTM'),
  ...each(Role.attention, 'Attention MultiHeadAttention GroupQueryAttention QAttention'),
  ...each(Role.softmax, 'Softmax LogSoftmax Hardmax QLinearSoftmax'),
  ...each(
    Role.activation,
    'Relu LeakyRelu PRelu Elu Selu Celu Clip Sigmoid HardSigmoid HardSwish Mish Gelu FastGelu BiasGelu QuickGelu Swish Tanh Softplus Softsign ThresholdedRelu Erf QLinearLeakyRelu QLinearSigmoid',
  ),
  ...each(Role.batchNorm, 'BatchNormalization InstanceNormalization GroupNormalization'),
  ...each(
    Role.layerNorm,
    'LayerNormalization SkipLayerNormalization SimplifiedLayerNormalization SkipSimplifiedLayerNormalization RMSNormalization EmbedLayerNormalization',
  ),
  ...each(Role.pool, 'MaxPool AveragePool LpPool QLinearAveragePool'),
  ...each(Role.globalPool, 'GlobalAveragePool GlobalMaxPool QLinearGlobalAveragePool'),
  ...each(Role.mean, 'ReduceMean ReduceSum ReduceMax'),
  ...each(Role.root, 'Sqrt Reciprocal Rsqrt'),
  ...each(Role.concat, 'Concat QLinearConcat'),
  ...each(
    Role.reshape,
    'Reshape Transpose Flatten Squeeze Unsqueeze Expand Split Slice Cast Dropout Identity QuantizeLinear DequantizeLinear DynamicQuantizeLinear',
  ),
  ...each(Role.shape, 'Shape Size'),
]);

function each(role: Role, operators: string): [string, Role][] {
  return operators.split(' ').map((operator) => [operator, role]);
}

/** Roles of all owners of a graph; those of other nodes are theirs. */
export function rolesOf(table: GraphTable, links: Links): Role[] {
  return Array.from({ length: table.nodeCount }, (_, node) =>
    links.owner[node] === node ? roleOf(table, links, node) : Role.other,
  );
}

function roleOf(table: GraphTable, links: Links, node: number): Role {
  const operator = table.opType(node);
  switch (operator) {
    case 'Conv':
    case 'FusedConv':
    case 'QLinearConv':
      return convolutionRole(table, node, operator === 'QLinearConv' ? 3 : 1);
    case 'MatMul':
    case 'Gemm':
    case 'FusedMatMul':
    case 'MatMulInteger':
    case 'MatMulNBits':
    case 'QLinearMatMul':
      return readsConstant(table, links, node) ? Role.dense : Role.product;
    case 'Add':
    case 'Sub':
    case 'QLinearAdd':
      return readsConstant(table, links, node) ? Role.bias : Role.sum;
    case 'Mul':
    case 'Div':
    case 'Pow':
    case 'QLinearMul':
      return readsConstant(table, links, node) ? Role.scale : Role.gate;
    case 'Gather':
      return isLookup(table, node) ? Role.lookup : Role.reshape;
    default:
      return BY_OPERATOR.get(operator) ?? Role.other;
  }
}

/** From the shape of the weight, [M, C / group, kernel...]. */
function convolutionRole(table: GraphTable, node: number, weightInput: number): Role {
  const weight = table.inputsOf(node)[weightInput] ?? -1;
  const dims = weight < 0 ? null : table.dims(weight);
  if (dims === null || dims.length < 3) return Role.convolution;
  if (dims[1] === 1 && dims[0] !== 1 && dims.slice(2).some((d) => d !== 1)) return Role.depthwise;
  return dims.slice(2).every((d) => d === 1) ? Role.pointwise : Role.convolution;
}

function readsConstant(table: GraphTable, links: Links, node: number): boolean {
  return table.inputsOf(node).some((value) => value >= 0 && isConstant(table, links, value));
}

function isConstant(table: GraphTable, { isConstant }: Links, value: number): boolean {
  const producer = table.producerOf(value);
  return producer < 0 ? table.valueKind(value) === 'constant' : isConstant[producer] === 1;
}

/** Whether a Gather reads rows of a table of weights. */
function isLookup(table: GraphTable, node: number): boolean {
  const [data = -1] = table.inputsOf(node);
  return (
    data >= 0 &&
    table.valueKind(data) === 'constant' &&
    /float|int8|int4/.test(table.dtype(data)) &&
    (table.dims(data)?.length ?? 0) > 1
  );
}
