import { type Tensor, toNumbers } from '../base/tensor.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim, Graph } from '../graph/model.ts';
import { settled, stackedScan } from './control.ts';
import { axisOf } from './facts.ts';
import { type AttributeSpecs, defineOp, type InferContext, type OpDef, type RunContext } from './opDef.ts';
import { slab, stacked, taken } from './stack.ts';

const WHY = 'It runs a body of its own, whose nodes stay float.';
const BACKWARD = 1;

/** Where a Scan slices its inputs and stacks its outputs; one entry per scan input or output. */
interface ScanAxes {
  readonly states: number;
  readonly inputAxes: readonly number[];
  readonly inputDirections: readonly number[];
  readonly outputAxes: readonly number[];
  readonly outputDirections: readonly number[];
}

const attributes = {
  body: { kind: 'graph', required: true },
  num_scan_inputs: { kind: 'int', required: true },
  scan_input_axes: { kind: 'ints', default: [] },
  scan_input_directions: { kind: 'ints', default: [] },
  scan_output_axes: { kind: 'ints', default: [] },
  scan_output_directions: { kind: 'ints', default: [] },
} as const;

/**
 * Scan: the body runs once per slice of the scan inputs; it takes (states..., slices...) and gives (states..., slices...).
 */
const scan = defineOp({
  type: 'Scan',
  domain: '',
  since: 9,
  arity: [1, Number.MAX_SAFE_INTEGER],
  attributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { states, inputAxes, outputAxes } = axesOfScan(context.attributes, context.inputs.length);
    const scans = context.inputs.slice(states);
    const slices = scans.map(
      (fact, i) => fact && { dtype: fact.dtype, dims: fact.dims && without(context, fact.dims, inputAxes[i] ?? 0) },
    );
    const { states: carried, outputs } = settled(
      context,
      context.inputs.slice(0, states),
      (facts) => [...facts, ...slices],
      0,
    );
    const [first] = scans;
    const length = first?.dims?.[axisOf(context, inputAxes[0] ?? 0, first.dims.length)] ?? context.symbol('iterations');
    return [...carried, ...outputs.slice(states).map((fact, i) => withAxis(context, fact, outputAxes[i] ?? 0, length))];
  },
  run: (context) =>
    scanned(context, context.inputs as readonly Tensor[], axesOfScan(context.attributes, context.inputs.length)), // none is optional
  quant: () => ({ kind: 'float', why: WHY }),
});

/** Scan of opset 8: all inputs and outputs have a batch dimension first, each sample a length of its own. */
const batchedScan = defineOp({
  type: 'Scan',
  domain: '',
  since: 8,
  arity: [2, Number.MAX_SAFE_INTEGER],
  attributes: {
    body: attributes.body,
    num_scan_inputs: attributes.num_scan_inputs,
    directions: { kind: 'ints', default: [] },
  },
  layout: { kind: 'plain' },
  infer: (context) => {
    const { num_scan_inputs } = context.attributes;
    const states = context.inputs.length - 1 - num_scan_inputs;
    const [batch, length] = context.inputs[1 + states]?.dims ?? [];
    const inner = context.inputs
      .slice(1)
      .map((fact, i) => fact && { dtype: fact.dtype, dims: fact.dims?.slice(i < states ? 1 : 2) });
    const outputs = context.body('body', inner);
    const outer = (i: number): Dim[] => [
      batch ?? context.symbol('batch'),
      ...(i < states ? [] : [length ?? context.symbol('iterations')]),
    ];
    return outputs.map((fact, i) => fact && { dtype: fact.dtype, dims: fact.dims && [...outer(i), ...fact.dims] });
  },
  run: (context) => {
    const { num_scan_inputs, directions } = context.attributes;
    const [lengths, ...rest] = context.inputs;
    const values = rest as readonly Tensor[]; // only the lengths are optional
    const states = values.length - num_scan_inputs;
    const axes = { states, inputAxes: [], inputDirections: directions, outputAxes: [], outputDirections: [] };
    const batch = values[0]?.dims[0] ?? 0;
    const perSample = Array.from({ length: batch }, (_, n) => {
      const length = lengths === undefined ? undefined : toNumbers(lengths)[n];
      const sample = values.map((t, i) => {
        const one = taken(t, 0, n);
        return i < states || length === undefined ? one : slab(one, 0, 0, length);
      });
      return scanned(context, sample, axes);
    });
    return Array.from({ length: context.outputCount }, (_, k) => {
      const parts = perSample.map((outputs) => outputs[k] as Tensor); // every sample has all outputs
      return stacked(parts, 0, parts[0] ?? context.fail('a batch of no samples has no outputs to stack'));
    });
  },
  quant: () => ({ kind: 'float', why: WHY }),
});

function scanned<S extends AttributeSpecs & { readonly body: { readonly kind: 'graph'; readonly required: true } }>(
  context: RunContext<S>,
  inputs: readonly Tensor[],
  axes: ScanAxes,
): readonly Tensor[] {
  const body = context.attributes.body as Graph; // of kind graph, required
  const { states } = axes;
  let carried = inputs.slice(0, states);
  const scans = inputs.slice(states).map((t, i) => {
    const axis = axisOf(context, axes.inputAxes[i] ?? 0, t.dims.length);
    return { t, axis, backward: axes.inputDirections[i] === BACKWARD };
  });
  const [first] = scans;
  const length = first?.t.dims[first.axis] ?? 0;
  const lengths = scans.map(({ t, axis }) => t.dims[axis] as number); // axisOf checked it
  if (lengths.some((n) => n !== length))
    context.fail(`the scan inputs have lengths ${lengths.join(', ')}, expected one`);
  const collected: Tensor[][] = body.outputs.slice(states).map(() => []);
  for (let k = 0; k < length; k++) {
    const slices = scans.map(({ t, axis, backward }) => taken(t, axis, backward ? length - 1 - k : k));
    const made = context.body('body', [...carried, ...slices]);
    carried = made.slice(0, states);
    collected.forEach((parts, i) => {
      const part = made[states + i] as Tensor; // as many as the body has outputs
      if (axes.outputDirections[i] === BACKWARD) parts.unshift(part);
      else parts.push(part);
    });
  }
  const stacks = collected.map((parts, i) => {
    const rank = (parts[0]?.dims.length ?? 0) + 1;
    const axis = parts.length === 0 ? 0 : axisOf(context, axes.outputAxes[i] ?? 0, rank);
    return stackedScan(context, body, states + i, parts, axis);
  });
  return [...carried, ...stacks];
}

function axesOfScan(
  values: {
    readonly num_scan_inputs: number;
    readonly scan_input_axes: readonly number[];
    readonly scan_input_directions: readonly number[];
    readonly scan_output_axes: readonly number[];
    readonly scan_output_directions: readonly number[];
  },
  inputCount: number,
): ScanAxes {
  return {
    states: inputCount - values.num_scan_inputs,
    inputAxes: values.scan_input_axes,
    inputDirections: values.scan_input_directions,
    outputAxes: values.scan_output_axes,
    outputDirections: values.scan_output_directions,
  };
}

function without<S extends AttributeSpecs>(
  context: InferContext<S>,
  dims: readonly Dim[],
  axis: number,
): readonly Dim[] {
  const at = axisOf(context, axis, dims.length);
  return dims.filter((_, i) => i !== at);
}

function withAxis<S extends AttributeSpecs>(
  context: InferContext<S>,
  fact: TensorFact | undefined,
  axis: number,
  length: Dim,
): TensorFact | undefined {
  if (fact?.dims === undefined) return fact;
  const dims = [...fact.dims];
  dims.splice(axisOf(context, axis, dims.length + 1), 0, length);
  return { dtype: fact.dtype, dims };
}

/** Scan, of opset 8 and since. */
export const scanOps: readonly OpDef[] = [batchedScan, scan];
