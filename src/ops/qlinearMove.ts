import { broadcastDims, sizeOf, stridesOf } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import type { TensorQuant } from '../kernels/kernelSet.ts';
import { broadcastStrides, cellsOf, copyStrided, type Strided } from './cells.ts';
import { codesOf, requantizeTable } from './codes.ts';
import { concatDims, joinParts } from './concat.ts';
import { broadcastFacts } from './facts.ts';
import { defineOp, type OpDef, type RunContext } from './opDef.ts';
import { ALREADY_INTEGER, checkTensorQuant, codeDType, fromParameters, quantOfInputs } from './qlinear.ts';

/** The table that brings codes to the output's parameters, or undefined where they already have them. */
type Table = Uint8Array | undefined;

function requantized(
  context: Pick<RunContext<Record<never, never>>, 'kernels' | 'scratch'>,
  t: Tensor,
  table: Table,
): Strided['cells'] {
  if (table === undefined) return cellsOf(t);
  const codes = context.scratch('uint8', codesOf(t).length);
  context.kernels.lookup8(codesOf(t), table, codes);
  return codes;
}

const concatAttributes = { axis: { kind: 'int', required: true } } as const;

const isConcatData = (i: number) => i >= 2 && i % 3 === 2;

const concatTables = fromParameters<typeof concatAttributes, readonly Table[]>(isConcatData, 1, (inputs, dtype) => {
  const y: TensorQuant = quantOfInputs(inputs, 0, 1, dtype);
  return Array.from({ length: (inputs.length - 2) / 3 }, (_, i) =>
    requantizeTable(quantOfInputs(inputs, 3 * i + 3, 3 * i + 4, dtype), y),
  );
});

/** Y_scale, Y_zero_point, then tensor, scale and zero point of each part. */
const qLinearConcat = defineOp<typeof concatAttributes, readonly Table[] | undefined>({
  type: 'QLinearConcat',
  domain: 'com.microsoft',
  since: 1,
  arity: [5, Number.MAX_SAFE_INTEGER],
  attributes: concatAttributes,
  layout: { kind: 'plain' },
  infer: (context) => {
    const { length } = context.inputs;
    if (length % 3 !== 2) context.fail(`${length} inputs are not two and then threes: tensor, scale, zero point`);
    const dtype = codeDType(context, 1);
    checkTensorQuant(context, 0, 1, dtype);
    const parts = Array.from({ length: (length - 2) / 3 }, (_, i) => 3 * i + 2);
    for (const i of parts) {
      if (context.input(i).dtype !== dtype) context.fail(`input ${i} is ${context.input(i).dtype}, expected ${dtype}`);
      checkTensorQuant(context, i + 1, i + 2, dtype);
    }
    const facts = parts.map((i) => context.input(i));
    return [{ dtype, dims: concatDims(context, context.attributes.axis, facts) }];
  },
  prepare: concatTables.prepare,
  run: (context) => {
    const tables = concatTables.of(context);
    const parts = tables.map((table, i) => {
      const part = context.input(3 * i + 2);
      return { dims: part.dims, cells: cellsOf(part), table };
    });
    return [joinParts(context, context.attributes.axis, context.input(1).dtype, parts)];
  },
  quant: () => ALREADY_INTEGER,
});

const whereTables = fromParameters<Record<never, never>, readonly [x: Table, y: Table]>(
  (i) => i === 0 || i === 1 || i === 4,
  8,
  (inputs, dtype) => {
    const z = quantOfInputs(inputs, 7, 8, dtype);
    return [
      requantizeTable(quantOfInputs(inputs, 2, 3, dtype), z),
      requantizeTable(quantOfInputs(inputs, 5, 6, dtype), z),
    ];
  },
);

/** condition, X, x_scale, x_zero_point, Y, y_scale, y_zero_point, z_scale, z_zero_point: X where the condition holds. */
const qLinearWhere = defineOp<Record<never, never>, readonly [x: Table, y: Table] | undefined>({
  type: 'QLinearWhere',
  domain: 'com.microsoft',
  since: 1,
  arity: [9, 9],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const dtype = codeDType(context, 8);
    if (context.input(0).dtype !== 'bool') context.fail(`the condition is ${context.input(0).dtype}, expected bool`);
    for (const i of [1, 4]) {
      if (context.input(i).dtype !== dtype) context.fail(`input ${i} is ${context.input(i).dtype}, expected ${dtype}`);
      checkTensorQuant(context, i + 1, i + 2, dtype);
    }
    checkTensorQuant(context, 7, 8, dtype);
    const values = broadcastFacts(context, context.input(1).dims, context.input(4).dims);
    return [{ dtype, dims: broadcastFacts(context, context.input(0).dims, values) }];
  },
  prepare: whereTables.prepare,
  run: (context) => {
    const [condition, x, y] = [context.input(0), context.input(1), context.input(4)];
    const tables = whereTables.of(context);
    const dims = [x, y].reduce<readonly number[]>((d, t) => broadcastDims(d, t.dims) ?? d, condition.dims);
    const out = context.output(0, x.dtype, dims);
    const expanded = (t: Tensor, table: Table): Uint8Array => {
      const cells = context.scratch('uint8', sizeOf(dims));
      const from = { cells: requantized(context, t, table), offset: 0, strides: broadcastStrides(t.dims, dims) };
      copyStrided(dims, from, { cells, offset: 0, strides: stridesOf(dims) });
      return cells;
    };
    const [chosen, ofX, ofY] = [expanded(condition, undefined), expanded(x, tables[0]), expanded(y, tables[1])];
    const codes = codesOf(out);
    for (let i = 0; i < codes.length; i++) codes[i] = (chosen[i] !== 0 ? ofX[i] : ofY[i]) as number;
    return [out];
  },
  quant: () => ALREADY_INTEGER,
});

/** Operators that move codes and bring them to the parameters of the output. */
export const qLinearMoveOps: readonly OpDef[] = [qLinearConcat, qLinearWhere];
