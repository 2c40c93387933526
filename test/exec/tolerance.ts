import { sizeOf } from '../../src/base/shape.ts';
import type { Tensor } from '../../src/base/tensor.ts';
import type { Program } from '../../src/exec/program.ts';
import type { TensorFact } from '../../src/graph/fact.ts';
import type { Graph, ValueId } from '../../src/graph/model.ts';
import { capturesOf, readsOf, subgraphsOf } from '../../src/graph/topo.ts';
import { readAttributes } from '../../src/ops/attributes.ts';
import { findOp } from '../../src/ops/registry.ts';

/**
 * How far two correct float runs may lie apart, as a share of the largest magnitude of an output.
 *
 * A sum of K products taken in another order moves by about sqrt(K) u (Higham and Mary 2019: rounding errors of mean
 * zero grow with the root of their number; u = 2^-24). A function such as exp is computed by different polynomials, a
 * few u apart. `stored` is the rounding of every result where a type narrower than float32 holds it. Errors of
 * successive layers add up along the longest path; `LAMBDA` leaves room for sums that cancel and for steep layers.
 */
export function toleranceOf(program: Program, opsets: ReadonlyMap<string, number>, stored = 0): number {
  const depth = new Map<ValueId, number>();
  let deepest = 0;
  for (const step of program.steps) {
    let before = 0;
    for (const id of step.inputs) if (id !== undefined) before = Math.max(before, depth.get(id) ?? 0);
    const bodies = subgraphsOf(step.node);
    for (const id of bodies.flatMap((b) => [...capturesOf(b)])) before = Math.max(before, depth.get(id) ?? 0);
    const inside = Math.max(0, ...bodies.map((b) => errorInside(b, stored)));
    const roundings = Math.sqrt(productsOf(program, step, opsets)) + Math.max(0, step.group.length - 1);
    const own = roundings * FLOAT32_ROUNDOFF + stored;
    const after = before + (step.form === 'layout' ? 0 : own + inside);
    for (const id of step.outputs) depth.set(id, after);
    deepest = Math.max(deepest, after);
  }
  return LAMBDA * deepest;
}

const LAMBDA = 4;
const FLOAT32_ROUNDOFF = 2 ** -24;
/** What rounding every result to float16 adds per step. */
export const FLOAT16_ROUNDOFF = 2 ** -11;

/** The longest path through a body of If, Loop or Scan; weights tell how many products its sums have. */
function errorInside(body: Graph, stored: number): number {
  const depth = new Map<ValueId, number>();
  let deepest = 0;
  for (const node of body.nodes) {
    let before = 0;
    for (const id of readsOf(node)) before = Math.max(before, depth.get(id) ?? 0);
    const inside = Math.max(0, ...subgraphsOf(node).map((b) => errorInside(b, stored)));
    const products = Math.max(1, ...node.inputs.map((id) => productsPerChannel(body, id)));
    const after = before + inside + Math.sqrt(products) * FLOAT32_ROUNDOFF + stored;
    for (const id of node.outputs) if (id !== undefined) depth.set(id, after);
    deepest = Math.max(deepest, after);
  }
  return deepest;
}

/** Elements of a constant weight per channel: of [O, I, ...] a convolution's I..., of [K, N] at most K N. */
function productsPerChannel({ values }: Graph, id: ValueId | undefined): number {
  const dims = (id === undefined ? undefined : values.get(id)?.constant?.dims) ?? [];
  return dims.length < 2 ? 1 : sizeOf(dims.slice(1));
}

/** Products per output element; 1 where the operator has no sum of products. */
function productsOf(
  program: Program,
  { node, inputs, outputs }: Program['steps'][number],
  opsets: ReadonlyMap<string, number>,
): number {
  const def = findOp(node.domain, node.opType, opsets.get(node.domain) ?? 1);
  const facts = [inputs, outputs].map((ids) =>
    ids.map((id): TensorFact => {
      const slot = id === undefined ? undefined : program.slots.get(id);
      return { dtype: slot?.dtype ?? 'float32', dims: slot?.dims };
    }),
  );
  const [ins = [], outs = []] = facts;
  const size = outs[0]?.dims?.every((d) => typeof d === 'number') ? sizeOf(outs[0].dims as number[]) : 0;
  if (def?.macs === undefined || size === 0) return 1;
  const fail = (message: string): never => {
    throw new Error(message);
  };
  return Math.max(1, def.macs(ins, outs, readAttributes(def.attributes, node.attributes, fail)) / size);
}

/** Largest distance and largest magnitude of two float tensors. */
export function distance(found: Tensor, expected: Tensor): { readonly apart: number; readonly largest: number } {
  const [a, b] = [found.data as Float32Array, expected.data as Float32Array];
  let [apart, largest] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs((a[i] as number) - (b[i] as number));
    apart = Math.max(apart, d); // NaN is taken, and stays
    largest = Math.max(largest, Math.abs(b[i] as number));
  }
  return { apart, largest };
}
