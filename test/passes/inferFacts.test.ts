import { describe, expect, it } from 'vitest';
import type { Dim, Value } from '../../src/graph/model.ts';
import { inferFacts } from '../../src/passes/inferFacts.ts';
import { type BuiltModel, model } from '../models/model.ts';

/** Facts of a value, with what the file declares of it changed. */
function infer(built: BuiltModel, name: string, declared: Partial<Value> = {}) {
  const { graph, opsets } = built.model;
  const id = built.ids.get(name)!;
  const values = new Map(graph.values).set(id, { ...graph.values.get(id)!, ...declared });
  const { facts, diagnostics } = inferFacts({ ...graph, values }, { opsets, file: 'm.onnx' });
  const fact = facts.get(id);
  return { dtype: fact?.dtype, dims: fact?.dims, codes: diagnostics.map((d) => `${d.severity} ${d.code}`) };
}

const symbolic = (): BuiltModel =>
  model().input('x', ['n', 3, 'h', 8]).node('Relu', { name: 'r' }).node('Transpose', { name: 't' }).build();

describe('inferFacts', () => {
  it('keeps symbols', () => {
    expect(infer(symbolic(), 't_out')).toEqual({ dtype: 'float32', dims: [8, 'h', 3, 'n'], codes: [] });
  });

  it('takes a length that the file knows and inference does not', () => {
    const declared = { dtype: 'float32', dims: ['n', 3, 16, 8] as Dim[] } as const;
    expect(infer(symbolic(), 'r_out', declared).dims).toEqual(['n', 3, 16, 8]);
  });

  it('keeps what follows from the operator where the file contradicts it, with a warning', () => {
    const declared = { dtype: 'float32', dims: ['n', 4, 'h', 8] as Dim[] } as const;
    expect(infer(symbolic(), 'r_out', declared)).toEqual({
      dtype: 'float32',
      dims: ['n', 3, 'h', 8],
      codes: ['warning SHP102'],
    });
    expect(infer(symbolic(), 'r_out', { dtype: 'int32' })).toMatchObject({
      dtype: 'float32',
      codes: ['warning SHP102'],
    });
  });

  it('goes on after an operator it does not know, with what the file declares', () => {
    const built = model().input('x', [2, 3]).node('Nonesuch', { name: 'u' }).node('Relu', { name: 'r' }).build();
    expect(infer(built, 'r_out')).toEqual({ dtype: undefined, dims: undefined, codes: [] });
    expect(infer(built, 'u_out', { dtype: 'float32', dims: [5] }).codes).toEqual([]);
    const { graph, opsets } = built.model;
    const id = built.ids.get('u_out')!;
    const values = new Map(graph.values).set(id, { ...graph.values.get(id)!, dtype: 'float32' as const, dims: [5] });
    const { facts } = inferFacts({ ...graph, values }, { opsets, file: 'm.onnx' });
    expect(facts.get(built.ids.get('r_out')!)?.dims).toEqual([5]);
  });

  it('reports shapes that do not fit, at their node, and leaves what follows unknown', () => {
    const net = model()
      .input('x', [2, 3])
      .floats('b', [4])
      .node('Add', { name: 'a', inputs: ['x', 'b'] })
      .node('Relu');
    const built = net.build();
    const { facts, diagnostics } = inferFacts(built.model.graph, { opsets: built.model.opsets, file: 'm.onnx' });
    expect(diagnostics).toMatchObject([{ severity: 'error', code: 'SHP101', at: { node: 'a', opType: 'Add' } }]);
    expect(facts.has(built.model.graph.outputs[0]!)).toBe(false);
  });
});
