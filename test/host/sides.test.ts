import { expect, test } from 'vitest';
import { type Address, sideOf } from '../../src/host/compare/sides.ts';

const file = (path: string, query = ''): Address => ({ path, scheme: 'file', query });
const git = (path: string, ref: string): Address => ({ path, scheme: 'git', query: JSON.stringify({ path, ref }) });

test('what was committed stands left of what is staged, and that left of the file', () => {
  const label = 'm.onnx (Working Tree)';
  expect(sideOf(git('/m.onnx', 'HEAD'), file('/m.onnx'), label)).toBe('left');
  expect(sideOf(file('/m.onnx'), git('/m.onnx', '~'), label)).toBe('right');
  expect(sideOf(git('/m.onnx', ''), git('/m.onnx', 'abc123'), label)).toBe('right');
});

test('two files stand as the label says', () => {
  const label = 'old.onnx ↔ new.onnx';
  expect(sideOf(file('/a/new.onnx'), file('/a/old.onnx'), label)).toBe('right');
  expect(sideOf(file('/a/old.onnx'), file('/a/new.onnx'), label)).toBe('left');
});

test('nothing tells two of one name apart, or two that the label does not name', () => {
  expect(sideOf(file('/a/m.onnx'), file('/b/m.onnx'), 'm.onnx ↔ m.onnx')).toBeUndefined();
  expect(sideOf(file('/a/m.onnx'), file('/a/n.onnx'), 'some title')).toBeUndefined();
});
