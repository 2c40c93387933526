import { type Tensor, tensor } from '../base/tensor.ts';
import { elementFact, withoutElements } from './bodyFacts.ts';
import { defineOp, type OpDef, type QuantRule } from './opDef.ts';
import { copied } from './storage.ts';

const quant = (): QuantRule => ({ kind: 'float', why: 'Optionals hold float tensors.' });

const optional = defineOp({
  type: 'Optional',
  domain: '',
  since: 15,
  arity: [0, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: ({ inputs: [held] }) => [
    held === undefined
      ? { dtype: 'optional', dims: [0] }
      : { dtype: 'optional', dims: [1], element: withoutElements(held) },
  ],
  run: ({ inputs: [held] }) => [
    held === undefined ? tensor('optional', [0], []) : tensor('optional', [1], [copied(held)]),
  ],
  quant,
});

/** Whether there is an element; since opset 18 also of plain tensors and sequences (always), or of no input (never). */
const optionalHasElement = defineOp({
  type: 'OptionalHasElement',
  domain: '',
  since: 15,
  arity: [0, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: () => [{ dtype: 'bool', dims: [] }],
  run: ({ inputs: [held] }) => {
    const has = held !== undefined && (held.dtype !== 'optional' || held.data.length > 0);
    return [tensor('bool', [], Uint8Array.of(has ? 1 : 0))];
  },
  quant,
});

/** The element of an optional; since opset 18 a plain tensor or sequence is its own. */
const optionalGetElement = defineOp({
  type: 'OptionalGetElement',
  domain: '',
  since: 15,
  arity: [1, 1],
  attributes: {},
  layout: { kind: 'plain' },
  infer: (context) => {
    const fact = context.input(0);
    return [fact.dtype === 'optional' ? elementFact(fact.element, context.symbol) : fact];
  },
  run: (context) => {
    const held = context.input(0);
    if (held.dtype !== 'optional') return [copied(held)];
    return [(held.data[0] as Tensor | undefined) ?? context.fail('the optional holds no element')];
  },
  quant,
});

/** Operators on optionals. */
export const optionalOps: readonly OpDef[] = [optional, optionalHasElement, optionalGetElement];
