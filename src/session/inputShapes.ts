import { type Diagnostic, type Location, nearest } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';
import type { InputShapes } from '../config/shapes.ts';
import type { Dim, Model } from '../graph/model.ts';
import { otherShape, unknownInput } from './errors.ts';

/**
 * What given shapes say of the dimensions that a model leaves open, as lengths of symbols and of `input:axis`; errors
 * where they are not shapes of the model.
 */
export function fixedByShapes(
  shapes: InputShapes,
  { graph }: Model,
  at: Location,
): { readonly dims: ReadonlyMap<string, number>; readonly diagnostics: readonly Diagnostic[] } {
  const dims = new Map<string, number>();
  const bySymbol = new Map<string, Set<number>>();
  const diagnostics: Diagnostic[] = [];
  const inputs = new Map(
    graph.inputs.flatMap((id) => {
      const value = graph.values.get(id);
      return value === undefined || value.constant !== undefined ? [] : [[value.name, value.dims] as const];
    }),
  );
  for (const [name, shape] of shapes) {
    const given = inputs.get(name);
    if (!inputs.has(name)) diagnostics.push(unknownInput(at, name, [...inputs.keys()], nearest(name, inputs.keys())));
    else if (given === undefined || !fits(given, shape)) {
      diagnostics.push(otherShape(at, name, formatDims(shape), given === undefined ? undefined : formatDims(given)));
    } else {
      given.forEach((dim, axis) => {
        const length = shape[axis] as number;
        if (typeof dim !== 'string' || length < 0) return;
        dims.set(`${name}:${axis}`, length);
        bySymbol.set(dim, (bySymbol.get(dim) ?? new Set()).add(length));
      });
    }
  }
  // A symbol that other inputs have as well is of the same length there.
  for (const [symbol, [length = 1, ...others]] of bySymbol) {
    if (others.length === 0 && symbol !== '') dims.set(symbol, length);
  }
  return { dims, diagnostics };
}

function fits(given: readonly Dim[], shape: readonly number[]): boolean {
  return (
    given.length === shape.length && given.every((d, i) => typeof d === 'string' || shape[i] === -1 || d === shape[i])
  );
}
