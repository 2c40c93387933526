import { formatDims, sizeOf, stridesOf } from '../base/shape.ts';
import type { Dim } from '../graph/model.ts';
import { indexOf } from './convDirect.ts';
import { type Inferring, isNumeric, sameDim } from './facts.ts';
import { asNumbers, numbersOf, stored } from './numbers.ts';
import { defineOp, type MaybeFacts, type OpDef } from './opDef.ts';

/** Labels per input and of the output; an ellipsis became the labels '0', '1', ... counted from the back. */
interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** Reads `ij,jk->ik`; without `->` the output has the labels that occur once, in alphabetical order. */
function parse(fail: (message: string) => never, text: string, ranks: readonly number[]): Equation {
  const [left = '', right] = text.replace(/\s/g, '').split('->');
  const terms = left.split(',');
  if (terms.length !== ranks.length) fail(`equation ${text} has ${terms.length} terms for ${ranks.length} inputs`);
  let widest = 0;
  const inputs = terms.map((term, i) => {
    const named = term.replace('...', '').length;
    const rank = ranks[i] as number;
    const rest = term.includes('...') ? rank - named : 0;
    if (rest < 0 || named + rest !== rank)
      fail(`term ${term} of equation ${text} does not fit an input of rank ${rank}`);
    widest = Math.max(widest, rest);
    return expand(term, rest);
  });
  if (right !== undefined) return { inputs, output: expand(right, widest) };
  const all = inputs.flat();
  const once = [...new Set(all)].filter((l) => /[A-Za-z]/.test(l) && all.indexOf(l) === all.lastIndexOf(l)).sort();
  return { inputs, output: [...expand('...', widest), ...once] };
}

function expand(term: string, rest: number): string[] {
  const [before = '', after] = term.split('...');
  if (after === undefined) return [...before];
  return [...before, ...Array.from({ length: rest }, (_, i) => String(rest - 1 - i)), ...after];
}

/** The length of every label. */
function lengths(context: Inferring, equation: Equation, shapes: readonly (readonly Dim[])[]): Map<string, Dim> {
  const found = new Map<string, Dim>();
  equation.inputs.forEach((labels, i) => {
    labels.forEach((label, d) => {
      const size = shapes[i]?.[d] as Dim;
      const known = found.get(label);
      if (known === undefined || known === 1) found.set(label, size);
      else if (size !== 1) found.set(label, sameDim(context, known, size, `label ${label} of the equation`));
    });
  });
  return found;
}

const einsum = defineOp({
  type: 'Einsum',
  domain: '',
  since: 12,
  arity: [1, Number.MAX_SAFE_INTEGER],
  attributes: { equation: { kind: 'string', required: true } },
  layout: { kind: 'plain' },
  infer: (context) => {
    const facts = context.inputs.map((_, i) => context.input(i));
    const { dtype } = context.input(0);
    if (facts.some((f) => f.dims === undefined)) return [{ dtype, dims: undefined }];
    const shapes = facts.map((f) => f.dims ?? []);
    const equation = parse(
      (m) => context.fail(m),
      context.attributes.equation,
      shapes.map((s) => s.length),
    );
    const size = lengths(context, equation, shapes);
    const missing = equation.output.find((l) => !size.has(l));
    if (missing !== undefined)
      context.fail(`label ${missing} of the output is in no input (${formatDims([...size.keys()])})`);
    return [{ dtype, dims: equation.output.map((l) => size.get(l) as Dim) }];
  },
  run: (context) => {
    const tensors = context.inputs.map((_, i) => context.input(i));
    const equation = parse(
      (m) => context.fail(m),
      context.attributes.equation,
      tensors.map((t) => t.dims.length),
    );
    const size = sizesOf(
      equation,
      tensors.map((t) => t.dims),
    );
    const summed = [...size.keys()].filter((l) => !equation.output.includes(l));
    const outDims = equation.output.map((l) => size.get(l) as number);
    const sumDims = summed.map((l) => size.get(l) as number);
    const stepsOf = (labels: readonly string[], i: number, over: readonly string[]) =>
      over.map((l) => {
        const { dims } = tensors[i] as (typeof tensors)[number];
        const strides = stridesOf(dims);
        return labels.reduce((sum, m, d) => sum + (m === l && dims[d] !== 1 ? (strides[d] as number) : 0), 0);
      });
    const outSteps = equation.inputs.map((labels, i) => stepsOf(labels, i, equation.output));
    const sumSteps = equation.inputs.map((labels, i) => stepsOf(labels, i, summed));
    const place = (index: readonly number[], steps: readonly number[]) =>
      index.reduce((sum, v, d) => sum + v * (steps[d] as number), 0);
    const terms = Array.from({ length: sizeOf(sumDims) }, (_, p) => {
      const index = indexOf(p, sumDims);
      return sumSteps.map((steps) => place(index, steps));
    });
    const data = tensors.map(asNumbers);
    const out = context.output(0, tensors[0]?.dtype as 'float32', outDims); // numeric by the operator's definition
    const y = numbersOf(out);
    for (let p = 0; p < sizeOf(outDims); p++) {
      const index = indexOf(p, outDims);
      const bases = outSteps.map((steps) => place(index, steps));
      let sum = 0;
      for (const offsets of terms) {
        let product = 1;
        for (let i = 0; i < data.length; i++)
          product *= data[i]?.[(bases[i] as number) + (offsets[i] as number)] as number;
        sum += product;
      }
      y[p] = sum;
    }
    return [stored(out)];
  },
  macs: (inputs, _, { equation: text }) => productsOf(inputs, text),
  quant: () => ({ kind: 'float', why: 'Einsum has no 8-bit form; write it as MatMul to quantize it.' }),
});

class UnfitEquation extends Error {}

/** Products of two operands: one for each way to choose the labels. NaN for other counts, and where a length is open. */
function productsOf(inputs: MaybeFacts, text: string): number {
  const shapes = inputs.flatMap((fact) => (fact?.dims !== undefined && isNumeric(fact.dims) ? [fact.dims] : []));
  if (inputs.length !== 2 || shapes.length !== 2) return NaN;
  const ranks = shapes.map((s) => s.length);
  const fail = (message: string): never => {
    throw new UnfitEquation(message);
  };
  try {
    return sizeOf([...sizesOf(parse(fail, text, ranks), shapes).values()]);
  } catch (error) {
    if (error instanceof UnfitEquation) return NaN; // infer reports it
    throw error;
  }
}

/** The length of every label; of one that is 1 in an input and more in another, that one. */
function sizesOf(equation: Equation, shapes: readonly (readonly number[])[]): Map<string, number> {
  const size = new Map<string, number>();
  equation.inputs.forEach((labels, i) => {
    labels.forEach((l, d) => {
      size.set(l, Math.max(size.get(l) ?? 1, shapes[i]?.[d] as number));
    });
  });
  return size;
}

/** Sums of products named by an equation. */
export const einsumOps: readonly OpDef[] = [einsum];
