import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { DiagnosticError } from '../../src/base/diagnostics.ts';
import { closeAll, file, graphTabs, MODEL, newSession, openGraph, until, write } from './workspace.ts';

describe('opening a model', () => {
  afterEach(closeAll);

  it('reads the graph in a worker', async () => {
    const session = newSession();
    const graph = await session.graph();
    session.dispose();
    assert.deepEqual(
      graph.nodes.map((node) => node.opType),
      ['Conv', 'Relu', 'MaxPool', 'Flatten', 'Gemm', 'Softmax'],
    );
    assert.equal(graph.runnable, true);
  });

  it('shares one editor per column and survives being closed and opened again', async () => {
    for (let i = 0; i < 2; i++) {
      await openGraph(file(MODEL));
      await openGraph(file(MODEL));
      assert.deepEqual(graphTabs(), [MODEL]);
      await closeAll();
      assert.deepEqual(graphTabs(), []);
    }
  });

  it('says what is wrong with a file that is no model', async () => {
    const broken = await write('broken.onnx', '<!DOCTYPE html><html>404</html>');
    const session = newSession(broken);
    await assert.rejects(session.graph(), (error) => {
      assert(error instanceof DiagnosticError);
      assert.match(error.diagnostic.code, /^ONX/);
      return true;
    });
    session.dispose();
  });

  it('keeps the editor alive on a broken model, and reads it again once it is mended', async () => {
    const broken = await write('mended.onnx', 'not a model');
    await openGraph(broken);
    await openGraph(file(MODEL));
    assert.deepEqual(graphTabs().sort(), ['mended.onnx', MODEL].sort());
    await write('mended.onnx', await vscode.workspace.fs.readFile(file(MODEL)));
    await vscode.commands.executeCommand('quantscope.reload', broken);
    const session = newSession(broken);
    assert.equal((await session.graph()).nodes.length, 6);
    session.dispose();
    await until('both tabs are still there', () => graphTabs().length === 2);
  });

  it('says by name that a file of a scheme that nobody serves cannot be read', async () => {
    const session = newSession(vscode.Uri.parse('untitled:/a.onnx'));
    await assert.rejects(session.graph(), /IPC102 a\.onnx.*"untitled:"/);
    session.dispose();
  });
});
