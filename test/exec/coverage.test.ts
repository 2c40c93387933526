import { expect, it } from 'vitest';
import { formatDiagnostic } from '../../src/base/diagnostics.ts';
import { checkCoverage } from '../../src/exec/coverage.ts';
import { model } from '../models/model.ts';

it('finds nothing against a model that runs', () => {
  const { model: good } = model().input('x', [1, 3, 8, 8]).conv({ channels: 4 }).relu().flatten().build();
  expect(checkCoverage(good, { file: 'm.onnx' })).toEqual([]);
});

it('lists everything that does not run at once, each with its node', () => {
  const net = model().opset('com.example', 2).input('x', [1, 4]);
  net.node('Nonesuch', { name: 'a' }).node('Relu', { name: 'fine' });
  net.node('Thing', { name: 'b', domain: 'com.example' }).node('Thing', { name: 'c', domain: 'not.imported' });
  const built = net.node('Call', { name: 'd', domain: 'com.example' }).build().model;
  const withFunction = { ...built, functions: new Map([['com.example::Call', 'it calls itself']]) };
  expect(checkCoverage(withFunction, { file: 'm.onnx' }).map(formatDiagnostic)).toEqual([
    'EXE301 m.onnx, node a (Nonesuch): operator ai.onnx.Nonesuch of opset 17 is not supported',
    'EXE301 m.onnx, node b (Thing): operator com.example.Thing of opset 2 is not supported',
    'EXE301 m.onnx, node c (Thing): operator not.imported.Thing of a domain the model does not import is not supported',
    'EXE303 m.onnx, node d (Call): com.example::Call is a function of the model that cannot be expanded: it calls itself',
  ]);
});

it('names operators whose opset is too old, and runs those that are what they were', () => {
  const net = model({ opset: 5 }).input('x', [1, 4]).relu('r').ints('times', [2], [1, 2]);
  const { model: old } = net.node('Tile', { name: 'tile', inputs: ['r_out', 'times'] }).build();
  expect(checkCoverage(old, { file: 'm.onnx' }).map(formatDiagnostic)).toEqual([
    'EXE302 m.onnx, node tile (Tile): operator ai.onnx.Tile of opset 5 is not supported (from 6 on it is); convert the model with onnx.version_converter',
  ]);
});
