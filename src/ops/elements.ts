import type { Dim } from '../graph/model.ts';
import { type Dims, type Inferring, knownElements } from './facts.ts';

/**
 * The elements of an element-wise node of two shape-like inputs (rank 0 or 1 integers), as far as known.
 * A symbol stays where the other operand leaves it unchanged (times 1, plus 0); otherwise it becomes a fresh one.
 */
export function combineElements(context: Inferring, type: 'Add' | 'Sub' | 'Mul' | 'Div'): Dims | undefined {
  const a = knownElements(context.input(0));
  const b = knownElements(context.input(1));
  if (a === undefined || b === undefined) return undefined;
  if (a.length !== b.length && a.length !== 1 && b.length !== 1) return undefined;
  const length = a.length === 1 ? b.length : a.length;
  const at = (x: Dims, i: number) => x[x.length === 1 ? 0 : i] as Dim;
  return Array.from({ length }, (_, i) => combine(context, type, at(a, i), at(b, i)));
}

function combine(context: Inferring, type: 'Add' | 'Sub' | 'Mul' | 'Div', x: Dim, y: Dim): Dim {
  if (typeof x === 'number' && typeof y === 'number') {
    if (type === 'Add') return x + y;
    if (type === 'Sub') return x - y;
    if (type === 'Mul') return x * y;
    return y === 0 ? context.fail('an integer division by zero') : Math.trunc(x / y);
  }
  const neutral = type === 'Mul' || type === 'Div' ? 1 : 0;
  if (y === neutral) return x;
  if (x === neutral && (type === 'Add' || type === 'Mul')) return y;
  if (type === 'Sub' && x === y) return 0;
  if (type === 'Div' && x === y) return 1;
  return context.symbol(type.toLowerCase());
}
