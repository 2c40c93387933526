import { int64Tensor, type Tensor, tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Graph } from '../graph/model.ts';
import { commonFact, withoutElements } from './bodyFacts.ts';
import { type AttributeSpecs, defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';
import { heapTensor, stacked } from './stack.ts';

const WHY = 'It runs a body of its own, whose nodes stay float.';

/** If: the outputs of one of two graphs, neither of which has inputs of its own. */
const conditional = defineOp({
  type: 'If',
  domain: '',
  since: 1,
  arity: [1, 1],
  attributes: { then_branch: { kind: 'graph', required: true }, else_branch: { kind: 'graph', required: true } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const known = context.input(0).constant;
    if (known !== undefined) return context.body(isTrue(known) ? 'then_branch' : 'else_branch', []);
    const whenFalse = context.body('else_branch', []);
    return context.body('then_branch', []).map((fact, i) => commonFact(fact, whenFalse[i], context.symbol));
  },
  run: (context) => context.body(isTrue(context.input(0)) ? 'then_branch' : 'else_branch', []),
  quant: () => ({ kind: 'float', why: WHY }),
});

/**
 * Loop: at most `M` runs of the body while its condition holds. The body takes (iteration, condition, carried...) and
 * gives (condition, carried..., scans...); scans are stacked along a new first axis.
 */
const loop = defineOp({
  type: 'Loop',
  domain: '',
  since: 1,
  arity: [2, Number.MAX_SAFE_INTEGER],
  attributes: { body: { kind: 'graph', required: true } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const carried = context.inputs.slice(2);
    const { states, outputs } = settled(context, carried, (facts) => [
      { dtype: 'int64', dims: [] },
      { dtype: 'bool', dims: [] },
      ...facts,
    ]);
    const iterations = context.symbol('iterations');
    return [
      ...states,
      ...outputs
        .slice(1 + carried.length)
        .map((fact) => fact && { ...fact, dims: fact.dims && [iterations, ...fact.dims] }),
    ];
  },
  run: (context) => {
    const { body } = context.attributes;
    const [limit, start] = context.inputs;
    const most = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit.data[0]);
    let carried = context.inputs.slice(2) as readonly Tensor[]; // carried values are not optional
    let goesOn = start === undefined || isTrue(start);
    const scans: Tensor[][] = body.outputs.slice(1 + carried.length).map(() => []);
    for (let i = 0; i < most && goesOn; i++) {
      const condition = tensor('bool', [], Uint8Array.of(1));
      const made = context.body('body', [int64Tensor([], [i]), condition, ...carried]);
      goesOn = isTrue(made[0] as Tensor); // the condition is the first output of every body
      carried = made.slice(1, 1 + carried.length);
      scans.forEach((scan, k) => {
        scan.push(made[1 + carried.length + k] as Tensor); // as many as the body has outputs
      });
    }
    const stacks = scans.map((scan, k) => stackedScan(context, body, 1 + carried.length + k, scan, 0));
    return [...carried, ...stacks];
  },
  quant: () => ({ kind: 'float', why: WHY }),
});

/** A scan output: its parts side by side; with none, an empty tensor of the type that the body declares. */
export function stackedScan<S extends AttributeSpecs>(
  context: Pick<RunContext<S>, 'fail'>,
  body: Graph,
  output: number,
  parts: readonly Tensor[],
  axis: number,
): Tensor {
  const [first] = parts;
  if (first !== undefined) return stacked(parts, axis, first);
  const id = body.outputs[output];
  const declared = id === undefined ? undefined : body.values.get(id);
  if (declared?.dtype === undefined) {
    return context.fail(`the body never ran, and does not declare the type of its output ${output}`);
  }
  const dims = (declared.dims ?? []).map((d) => (typeof d === 'number' ? d : 0));
  dims.splice(axis, 0, 0);
  return heapTensor(declared.dtype, dims);
}

const MOST_ROUNDS = 8;

/** Facts of carried values that hold before and after every iteration, and those of the body's outputs then. */
export function settled<S extends AttributeSpecs>(
  context: InferContext<S>,
  initial: readonly (TensorFact | undefined)[],
  inputsOf: (states: readonly (TensorFact | undefined)[]) => readonly (TensorFact | undefined)[],
  firstState = 1,
): { states: readonly (TensorFact | undefined)[]; outputs: readonly (TensorFact | undefined)[] } {
  let states: readonly (TensorFact | undefined)[] = initial.map((fact) => fact && withoutElements(fact));
  const varying = new Set<string>();
  const symbol = (hint: string): string => {
    const name = context.symbol(hint);
    varying.add(name);
    return name;
  };
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const outputs = context.body('body', inputsOf(states));
    const next = states.map((before, i) => {
      const after = outputs[firstState + i];
      return sameType(before, after, varying) ? before : commonFact(before, after, symbol);
    });
    if (next.every((fact, i) => fact === states[i])) return { states, outputs };
    states = next;
  }
  states = states.map((fact) => fact && { dtype: fact.dtype, dims: undefined });
  return { states, outputs: context.body('body', inputsOf(states)) };
}

/** Whether `after` is a case of `before`, whose symbols in `varying` stand for any length. */
function sameType(
  before: TensorFact | undefined,
  after: TensorFact | undefined,
  varying: ReadonlySet<string>,
): boolean {
  if (before === undefined || after === undefined) return before === undefined;
  if (before.dtype !== after.dtype) return false;
  if (before.element !== undefined && !sameType(before.element, after.element, varying)) return false;
  const { dims } = before;
  if (dims === undefined) return true;
  return (
    dims.length === after.dims?.length &&
    dims.every((d, i) => d === after.dims?.[i] || (typeof d === 'string' && varying.has(d)))
  );
}

function isTrue(t: Tensor): boolean {
  return toNumbers(t)[0] !== 0;
}

/** Operators that run graphs of their own. */
export const controlOps: readonly OpDef[] = [conditional, loop];
