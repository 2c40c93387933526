import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { closeAll, config, file, MODEL, newSession, write } from './workspace.ts';

describe('exporting', () => {
  afterEach(closeAll);

  it('writes the quantized model in the format of the config, to be opened again', async () => {
    await quantize(await config('export', ['skip_quant_node=conv1']));
    const qdq = await graphOf(await exported('qdq.onnx'));
    assert(qdq.nodes.some((node) => node.opType === 'QuantizeLinear'));
    const uri = await config('qoperator');
    await write('qoperator.cfg', `${await read(uri)}\nexport_format=QOPERATOR\n`);
    await quantize(file('qoperator.cfg'));
    const onCodes = await graphOf(await exported('qoperator.onnx'));
    assert(onCodes.nodes.some((node) => node.opType === 'QLinearConv'));
    assert.match(onCodes.producer, /^QuantScope \d+\.\d+\.\d+$/);
  });

  it('does not write over the model itself', async () => {
    await quantize(await config('over'));
    const before = await vscode.workspace.fs.readFile(file(MODEL));
    assert.equal(await vscode.commands.executeCommand('quantscope.exportModel', file(MODEL), file(MODEL)), undefined);
    assert.deepEqual(await vscode.workspace.fs.readFile(file(MODEL)), before);
  });

  it('writes nothing before there was a run', async () => {
    await vscode.commands.executeCommand('vscode.open', file(MODEL));
    const target = file('nothing.onnx');
    assert.equal(await vscode.commands.executeCommand('quantscope.exportModel', file(MODEL), target), undefined);
    await assert.rejects(async () => vscode.workspace.fs.stat(target));
  });

  it('copies the excluded nodes as a line of a config and as an argument of ONNX Runtime', async () => {
    await quantize(await config('copy', ['skip_quant_node=conv1,fc']));
    assert.equal(await copied('skip_quant_node'), 'skip_quant_node=conv1,fc');
    assert.equal(await copied('nodes_to_exclude'), 'nodes_to_exclude=["conv1", "fc"]');
    await quantize(await config('nocopy'));
    assert.equal(
      await vscode.commands.executeCommand('quantscope.copyExclusions', file(MODEL), 'skip_quant_node'),
      undefined,
    );
  });
});

async function quantize(uri: vscode.Uri): Promise<void> {
  assert(await vscode.commands.executeCommand<RunView | undefined>('quantscope.quantizeWithConfig', file(MODEL), uri));
}

async function exported(name: string): Promise<vscode.Uri> {
  const uri = await vscode.commands.executeCommand<vscode.Uri>('quantscope.exportModel', file(MODEL), file(name));
  assert.equal(uri?.fsPath, file(name).fsPath);
  return uri;
}

async function graphOf(uri: vscode.Uri): Promise<GraphTable> {
  const session = newSession(uri);
  try {
    return await session.graph();
  } finally {
    session.dispose();
  }
}

async function copied(form: string): Promise<string> {
  const text = await vscode.commands.executeCommand('quantscope.copyExclusions', file(MODEL), form);
  const clipboard = await vscode.env.clipboard.readText();
  assert.equal(text, clipboard);
  return clipboard;
}

async function read(uri: vscode.Uri): Promise<string> {
  return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
}
