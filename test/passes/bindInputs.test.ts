import { describe, expect, it } from 'vitest';
import type { Dim } from '../../src/graph/model.ts';
import { bindInputs } from '../../src/passes/bindInputs.ts';
import { model } from '../models/model.ts';

function bind(dims: readonly Dim[], fixed: Record<string, number> = {}) {
  const built = model().input('x', dims).relu().build();
  const { inputDims, notes } = bindInputs(built.model, new Map(Object.entries(fixed)), 'm.onnx');
  return { dims: inputDims.get(built.ids.get('x')!), notes: notes.map((n) => `${n.severity} ${n.code}`) };
}

describe('bindInputs', () => {
  it('leaves fixed shapes alone and says nothing', () => {
    expect(bind([1, 3, 8])).toEqual({ dims: [1, 3, 8], notes: [] });
  });

  it('takes a batch as 1, and says so', () => {
    expect(bind(['n', 3])).toEqual({ dims: [1, 3], notes: ['note SHP103'] });
  });

  it('takes lengths by symbol, or by input and axis', () => {
    expect(bind(['n', 3, 'h', 'w'], { n: 2, h: 8, 'x:3': 6 })).toEqual({ dims: [2, 3, 8, 6], notes: [] });
  });

  it('does not guess other dimensions, nor the only one', () => {
    expect(() => bind(['n', 3, 'h', 'w'])).toThrow(/SHP104.*x.*h.*w.*\[quantscope\].*--dim/);
    expect(() => bind(['n'])).toThrow(/SHP104/);
  });

  it('names a fixed dimension that no input has', () => {
    expect(bind(['n', 3], { n: 1, m: 4 }).notes).toEqual([expect.stringContaining('SHP105')]);
  });

  it('binds a symbol that two inputs share once', () => {
    const net = model()
      .input('a', ['n', 2])
      .input('b', ['n', 2])
      .node('Add', { inputs: ['a', 'b'] });
    const { inputDims, notes } = bindInputs(net.build().model, new Map(), 'm.onnx');
    expect([[...inputDims.values()], notes.length]).toEqual([
      [
        [1, 2],
        [1, 2],
      ],
      1,
    ]);
  });
});
