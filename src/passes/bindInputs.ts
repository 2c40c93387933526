import type { Diagnostic } from '../base/diagnostics.ts';
import { isContainer } from '../base/dtype.ts';
import type { Dim, Model, ValueId } from '../graph/model.ts';
import { batchTakenAsOne, type OpenInput, openDims, unknownDim } from './errors.ts';

export interface BoundInputs {
  readonly inputDims: ReadonlyMap<ValueId, readonly number[]>;
  readonly notes: readonly Diagnostic[];
}

/**
 * Gives every dynamic dimension of the graph inputs a length: by symbol (`batch`), or by input and axis (`x:2`). The
 * first dimension of an input of rank 2 or more is 1 where nothing else is said, and a note says so.
 * @throws SHP104 naming all inputs that stay open.
 */
export function bindInputs(model: Model, fixed: ReadonlyMap<string, number>, file: string): BoundInputs {
  const { graph } = model;
  const inputDims = new Map<ValueId, readonly number[]>();
  const notes: Diagnostic[] = [];
  const open: OpenInput[] = [];
  const symbols = new Set<string>();
  const said = new Set<Dim>();
  for (const id of graph.inputs) {
    const value = graph.values.get(id);
    if (value === undefined || value.constant !== undefined) continue;
    const { name, dtype, dims } = value;
    if (dtype !== undefined && isContainer(dtype)) continue;
    if (dims === undefined) {
      open.push({ name, dims, open: [name] });
      continue;
    }
    const bound = dims.map((d, axis): Dim => {
      if (typeof d === 'number') return d;
      symbols.add(d).add(`${name}:${axis}`);
      const given = fixed.get(d) ?? fixed.get(`${name}:${axis}`);
      if (given !== undefined) return given;
      if (axis > 0 || dims.length < 2) return d;
      if (!said.has(d)) notes.push(batchTakenAsOne({ file, tensor: name }, d));
      said.add(d);
      return 1;
    });
    const left = bound.filter((d) => typeof d === 'string');
    if (left.length > 0) open.push({ name, dims, open: left });
    else inputDims.set(id, bound as number[]); // no symbol is left
  }
  if (open.length > 0) throw openDims(file, open);
  const readable = [...symbols].filter((s) => !s.includes(':'));
  for (const name of fixed.keys()) if (!symbols.has(name)) notes.push(unknownDim(file, name, readable));
  return { inputDims, notes };
}
