import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignHandles, freshLabel, isSafeLabel, nodeByHandle } from '../../src/graph/handles.ts';
import { model } from '../models/model.ts';

describe('handles', () => {
  const nodes = fc.array(
    fc.record({
      name: fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('', 'a', 'Relu_0', 'Relu_1')),
      opType: fc.constantFrom('Relu', 'Conv'),
    }),
  );

  test('are unique and safe, whatever the names', () => {
    fc.assert(
      fc.property(nodes, fc.constantFrom('', 'outer'), (list, prefix) => {
        const handles = assignHandles(list, prefix, new Set());
        expect(handles.length).toBe(list.length);
        expect(new Set(handles).size).toBe(list.length);
        for (const handle of handles) expect(isSafeLabel(handle)).toBe(true);
      }),
    );
  });

  test('are the name wherever that is unique and safe', () => {
    fc.assert(
      fc.property(nodes, (list) => {
        const handles = assignHandles(list, '', new Set());
        list.forEach(({ name }, i) => {
          if (isSafeLabel(name) && list.filter((n) => n.name === name).length === 1) expect(handles[i]).toBe(name);
        });
      }),
    );
  });

  test('avoid what is taken', () => {
    const taken = new Set(['outer/a']);
    expect(assignHandles([{ name: 'a', opType: 'Relu' }], 'outer', taken)).toEqual(['outer/a_2']);
    expect([...taken]).toEqual(['outer/a', 'outer/a_2']);
    expect(freshLabel('outer/a', taken)).toBe('outer/a_3');
  });

  test('replace letters of an operator that would not be safe', () => {
    expect(assignHandles([{ name: '', opType: 'My, "Op"' }], '', new Set())).toEqual(['My___Op__0']);
    expect(assignHandles([{ name: '', opType: '' }], '', new Set())).toEqual(['Node_0']);
  });

  test('find their node', () => {
    const { graph } = model().input('x', [1]).relu('r').build().model;
    expect(nodeByHandle(graph, 'r')?.opType).toBe('Relu');
    expect(nodeByHandle(graph, 's')).toBeUndefined();
  });
});
