import { type Tensor, zeros } from '../base/tensor.ts';
import { cumulativeOps } from './cumulative.ts';
import { gatherOps } from './gather.ts';
import { gridSampleOps } from './gridSample.ts';
import { defineOp, type OpDef } from './opDef.ts';
import { padOps } from './pad.ts';
import { shapeOps } from './shape.ts';
import { uniqueOps } from './unique.ts';

/** The newest definition of an operator of a family. */
function newest(family: readonly OpDef[], type: string): OpDef {
  const found = family.filter((def) => def.type === type).at(-1);
  if (found === undefined) throw new Error(`invariant: ${type} is of another family`);
  return found;
}

/** An operator of com.microsoft that does what a standard one does. */
function twin(def: OpDef, type = def.type): OpDef {
  return { ...def, domain: 'com.microsoft', type, since: 1 };
}

const unique = newest(uniqueOps, 'Unique');

/** Distinct elements in the order they first stand in, the one each element is, and how often each occurs. */
const microsoftUnique = defineOp({
  type: 'Unique',
  domain: 'com.microsoft',
  since: 1,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const [y, , inverse, counts] = unique.infer({ ...context, attributes: { sorted: 0 }, outputCount: 4 } as never); // its own attributes
    return [y, inverse, counts].slice(0, context.outputCount);
  },
  run: (context) => {
    const output = (index: number, dtype: 'int64', dims: readonly number[]): Tensor =>
      index === 1 ? zeros(dtype, dims) : context.output(index === 0 ? 0 : index - 1, dtype, dims);
    const [y, , inverse, counts] = unique.run({
      ...context,
      output,
      attributes: { sorted: 0 },
      outputCount: 4,
    } as never);
    return [y, inverse, counts].slice(0, context.outputCount) as Tensor[]; // Unique returned all four
  },
  quant: () => ({ kind: 'float', why: 'Unique compares elements and returns indices.' }),
});

/** Operators that ONNX Runtime had before ONNX, and models still have. */
export const microsoftTwinOps: readonly OpDef[] = [
  twin(newest(gatherOps, 'GatherND')),
  twin(newest(shapeOps, 'Unsqueeze'), 'ExpandDims'),
  twin(newest(cumulativeOps, 'Trilu')),
  twin(newest(gridSampleOps, 'GridSample')),
  twin(newest(padOps, 'Pad')),
  microsoftUnique,
];
