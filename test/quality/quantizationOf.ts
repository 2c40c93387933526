import type { Tensor } from '../../src/base/tensor.ts';
import type { Graph, Node, ValueId } from '../../src/graph/model.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { readModel } from '../../src/onnx/read.ts';

interface Parameters {
  readonly scale: ArrayLike<number>;
  readonly zeroPoint: ArrayLike<number>;
  /** `int8[64,3,3,3]` for a constant. */
  readonly codes: string;
}

/** What a QDQ model quantizes, and how. */
export interface Quantization {
  /** Parameters of QuantizeLinear, by the name of the float value. */
  readonly activations: ReadonlyMap<string, Parameters>;
  /** Parameters of DequantizeLinear on a constant, by the constant's name. */
  readonly constants: ReadonlyMap<string, Parameters>;
}

export async function quantizationOf(path: string): Promise<Quantization> {
  const { model } = await readModel(await nodeFiles.open(path), { file: path });
  const { graph } = model;
  const activations = new Map<string, Parameters>();
  const constants = new Map<string, Parameters>();
  for (const node of graph.nodes) {
    const [first] = node.inputs;
    const value = first === undefined ? undefined : graph.values.get(first);
    if (value === undefined) continue;
    if (node.opType === 'QuantizeLinear') activations.set(ownName(value.name), await parametersOf(graph, node, ''));
    if (node.opType === 'DequantizeLinear' && value.constant !== undefined) {
      const { dtype, dims } = value.constant;
      constants.set(value.name, await parametersOf(graph, node, `${dtype}[${dims}]`));
    }
  }
  return { activations, constants };
}

/** Every difference, as a sentence, but for zero points that round otherwise only because the scales differ slightly. */
export function differences(ours: Quantization, theirs: Quantization): Differences {
  let [apart, raised] = [0, 0];
  const found = [
    ...onlyIn('ours', ours.activations, theirs.activations),
    ...onlyIn('theirs', theirs.activations, ours.activations),
    ...onlyIn('ours', ours.constants, theirs.constants),
    ...onlyIn('theirs', theirs.constants, ours.constants),
  ];
  for (const which of ['activations', 'constants'] as const) {
    for (const [name, a] of ours[which]) {
      const b = theirs[which].get(name);
      if (b === undefined) continue;
      if (a.codes !== b.codes) found.push(`${name}: ${a.codes}, theirs ${b.codes}`);
      if (a.scale.length !== b.scale.length) found.push(`${name}: ${a.scale.length} scales, theirs ${b.scale.length}`);
      else {
        found.push(...zeroPointDifferences(name, a, b));
        for (const [i, s] of Array.from(a.scale).entries()) {
          const ratio = s / (b.scale[i] ?? Number.NaN);
          if (Math.abs(ratio / RAISED - 1) < 1e-3) raised++;
          else apart = Math.max(apart, Math.abs(ratio - 1));
        }
      }
    }
  }
  return { found, scalesApart: apart, raised, activations: ours.activations.size, constants: ours.constants.size };
}

/** A bias that does not fit gets half of int32 from us, and all of it there. */
const RAISED = 2;

export interface Differences {
  readonly found: readonly string[];
  /** Largest relative distance of two scales. */
  readonly scalesApart: number;
  /** Channels whose scale was raised, ours to twice theirs, so that int32 holds their bias. */
  readonly raised: number;
  readonly activations: number;
  readonly constants: number;
}

function zeroPointDifferences(name: string, a: Parameters, b: Parameters): string[] {
  const found: string[] = [];
  for (let i = 0; i < a.scale.length; i++) {
    const [z, w] = [a.zeroPoint[i] ?? 0, b.zeroPoint[i] ?? 0];
    if (z !== w) found.push(`${name}[${i}]: zero point ${z}, theirs ${w}`);
  }
  return found;
}

function onlyIn(whose: string, a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): string[] {
  return [...a.keys()].filter((name) => !b.has(name)).map((name) => `${name}: only in ${whose}`);
}

/** The quantizer there renames a value that a DequantizeLinear takes over. */
function ownName(name: string): string {
  return name.replace(/_QuantizeLinear_Input$/, '');
}

async function parametersOf(graph: Graph, node: Node, codes: string): Promise<Parameters> {
  const load = async (id: ValueId | undefined): Promise<Tensor | undefined> =>
    id === undefined ? undefined : graph.values.get(id)?.constant?.load();
  const scale = (await load(node.inputs[1]))?.data as Float32Array;
  const zeroPoint = (await load(node.inputs[2]))?.data as Int8Array | undefined;
  return { scale, zeroPoint: zeroPoint ?? new Int32Array(scale.length), codes };
}
