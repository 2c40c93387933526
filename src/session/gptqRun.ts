import { throwIfAborted } from '../base/abort.ts';
import { type Diagnostic, invariant } from '../base/diagnostics.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Program, Stored } from '../exec/program.ts';
import type { Node, NodeId, ValueId } from '../graph/model.ts';
import { converted } from '../ops/storage.ts';
import { feedsById } from '../quant/calibrate.ts';
import { roundedByInputs } from '../quant/weightOnly/errors.ts';
import { InputProducts } from '../quant/weightOnly/gptq.ts';
import { isProduct, type WeightCode } from '../quant/weightOnly/planWeights.ts';
import type { Prepared } from './prepared.ts';
import { type RunParts, stepText } from './run.ts';
import type { WeightBuilder } from './weightBuilder.ts';

/** Bytes of sums that are gathered in one pass over the samples. */
const PASS_BYTES = 1 << 29;
/** Inputs of a product whose weight is coded so: the work grows with the cube. */
const MOST_INPUTS = 4096;

/** A weight to code, and the values that its products read. */
interface Learner {
  readonly code: WeightCode;
  readonly activations: readonly ValueId[];
  readonly inputs: number;
}

/**
 * Codes the weights of matrix products by the inputs that the float model gives them over the calibration samples, in as
 * many passes as memory asks for. Other weights are left to the builder.
 * @throws DiagnosticError QNT201; Cancelled
 */
export async function codeByInputs(
  parts: RunParts,
  { prepared, builder, float }: { prepared: Prepared; builder: WeightBuilder; float: Program },
): Promise<Diagnostic[]> {
  const { settings, signal } = parts;
  const nodes = new Map(prepared.graph.nodes.map((n) => [n.id, n]));
  const learners = builder.everything.codes.flatMap((code) => learnerOf(code, nodes) ?? []);
  for (const pass of passesOf(learners)) {
    const products = await gather(parts, float, pass);
    for (const { code } of pass) {
      throwIfAborted(signal);
      await builder.codeByInputs(code, products.get(code) as InputProducts, signal);
    }
  }
  const rounded = builder.everything.codes.length - learners.length;
  return [roundedByInputs(settings.at('weight_quant_param', 'quant_strategy'), learners.length, rounded)];
}

/** Undefined for what is no matrix of a product with parameters per output, or has too many inputs. */
function learnerOf(code: WeightCode, nodes: ReadonlyMap<NodeId, Node>): Learner | undefined {
  const { dims, granularity, uses, bits, clusters } = code;
  const products = uses.flatMap((use) => {
    const node = nodes.get(use.node);
    return node !== undefined && use.input === 1 && isProduct(node) ? [node] : [];
  });
  if (products.length === 0 || dims.length !== 2 || bits === 0 || clusters !== undefined) return undefined;
  if (granularity.kind !== 'perChannel') return undefined;
  const inputs = dims[1 - granularity.axis] as number;
  if (inputs > MOST_INPUTS) return undefined;
  return { code, inputs, activations: products.flatMap((node) => node.inputs[0] ?? []) };
}

function passesOf(learners: readonly Learner[]): Learner[][] {
  const passes: Learner[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const learner of learners) {
    const more = 8 * learner.inputs ** 2;
    if (bytes + more > PASS_BYTES) {
      passes.push([]);
      bytes = 0;
    }
    passes.at(-1)?.push(learner);
    bytes += more;
  }
  return passes;
}

async function gather(
  { calibration, signal, onProgress }: RunParts,
  float: Program,
  pass: readonly Learner[],
): Promise<Map<WeightCode, InputProducts>> {
  const products = new Map(pass.map(({ code, inputs }) => [code, new InputProducts(inputs)]));
  const readers = new Map<ValueId, InputProducts[]>();
  for (const { code, activations } of pass)
    for (const id of activations) readers.set(id, [...(readers.get(id) ?? []), products.get(code) as InputProducts]);
  const total = calibration.count;
  const see = (id: ValueId, stored: Stored | undefined): void => {
    for (const reader of stored === undefined ? [] : (readers.get(id) ?? [])) reader.add(floatsOf(stored as Stored));
  };
  for (let i = 0; i < total; i++) {
    throwIfAborted(signal);
    const name = calibration.nameOf(i);
    const feeds = feedsById(float.graph, await calibration.read(i));
    const run = float.start(feeds, {
      signal,
      onStep: (step) => onProgress({ stage: 'calibrate', done: i, total, text: stepText(name, step) }),
    });
    for (const [id, tensor] of feeds) see(id, { tensor, layout: 'plain' });
    for (let step = run.advance(); step !== undefined; step = run.advance())
      for (const id of step.outputs) see(id, run.value(id));
  }
  return products;
}

/** Rows of inputs in C order. */
function floatsOf({ tensor, layout }: Stored): Float32Array {
  const plain: Tensor = converted(tensor, layout, 'plain');
  invariant(plain.data instanceof Float32Array, 'products read floats');
  return plain.data;
}
