import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { nodeFiles } from '../../src/node/files.ts';
import type { NodeDetails, RunView } from '../../src/protocol/views.ts';
import { createSession } from '../../src/session/index.ts';
import { createWasmKernels } from '../../src/wasm/load.ts';
import {
  closeAll,
  config,
  extension,
  file,
  graphTabs,
  MODEL,
  newSession,
  openGraph,
  textOf,
  write,
} from './workspace.ts';

const CODED = 'coded.onnx';

describe('a model that is quantized in its file', () => {
  let original: RunView;

  before(async () => {
    original = await quantizeAndExport(MODEL, await config('export'), CODED);
  });
  afterEach(closeAll);

  it('opens with the parameters of its tensors, before any run', async () => {
    await openGraph(file(CODED));
    assert.deepEqual(graphTabs(), [CODED]);
    const session = newSession(file(CODED));
    const { quantization, nodes } = await session.graph();
    assert.deepEqual(quantization, {
      format: 'QDQ',
      activations: 6,
      activationTypes: ['uint8'],
      weights: 4,
      weightTypes: ['int8', 'int32'],
      integerOperators: 0,
    });
    const conv = nodes.find((node) => node.opType === 'Conv');
    const { figures, tensors } = await detailsOf(session, conv?.id);
    session.dispose();
    assert.equal(figures, null);
    assert.deepEqual(
      tensors.map(({ role, kind, quant, fileQuant, cosine }) => [role, kind, quant?.dtype, fileQuant, cosine]),
      [
        ['Input', 'Activation', 'uint8', null, null],
        ['Input', 'Activation', 'int8', null, null],
        ['Input', 'Activation', 'int32', null, null],
        ['Output', 'Activation', 'uint8', null, null],
      ],
    );
    assert.equal(tensors[1]?.quant?.scale.length, tensors[1]?.dims?.[0]);
  });

  it('is measured by a config against its float parent: the figures of the run that made it', async () => {
    const run = await quantizeWith(await configWithParent('measured'));
    assert.deepEqual(run?.outputs, original.outputs);
    assert.deepEqual(run?.accuracy, original.accuracy);
    const fc = (view: RunView | undefined) => view?.nodes.find((node) => node.handle === 'fc');
    assert.equal(fc(run)?.form, 'integer');
    assert.equal(fc(run)?.localSqnrDb, fc(original)?.localSqnrDb);
  });

  it('lets a node be skipped and quantized again', async () => {
    const uri = await configWithParent('toggled');
    const session = newSession(file(CODED));
    const request = async (text: string) => ({ configText: text, configPath: uri.fsPath, samples: 8 });
    const text = await textOf(uri);
    await session.quantize(uri, await request(text));
    const skipping = text.replace('bit_num=8', 'bit_num=8\nskip_quant_node=fc');
    const skipped = await session.evaluate(await request(skipping), { handles: ['fc'] });
    const back = await session.evaluate(await request(text), { handles: ['fc'] });
    session.dispose();
    assert.deepEqual(skipped.added, ['fc']);
    assert.equal(skipped.run.nodes.find((node) => node.handle === 'fc')?.form, 'skipped');
    assert.notDeepEqual(skipped.run.outputs, skipped.base);
    assert.deepEqual(back.removed, ['fc']);
    assert.deepEqual(back.run.outputs, skipped.base);
  });

  it('toggled in the graph, goes into skip_quant_node of its config', async () => {
    const uri = await configWithParent('clicked');
    const run = await quantizeWith(uri);
    const nodeId = run?.nodes.find((node) => node.handle === 'fc')?.nodeId;
    await vscode.commands.executeCommand('quantscope.toggleSkip', { nodeId, skip: true });
    assert.match(await textOf(uri), /^skip_quant_node=fc$/m);
  });

  it('exported again as it was measured, opens and gives the same figures', async () => {
    const uri = await configWithParent('again');
    await quantizeAndExport(CODED, uri, 'again.onnx');
    const session = newSession(file('again.onnx'));
    const { quantization } = await session.graph();
    const run = await session.quantize(uri, { configText: await textOf(uri), configPath: uri.fsPath });
    session.dispose();
    assert.equal(quantization?.activations, 6);
    assert.deepEqual(run.outputs, original.outputs);
  });
});

/** Quantizes a model of the workspace with the core and the extension's own kernels, and writes the result beside it. */
async function quantizeAndExport(model: string, uri: vscode.Uri, name: string): Promise<RunView> {
  const wasm = vscode.Uri.joinPath(extension().extensionUri, 'dist', 'kernels.wasm');
  const kernels = createWasmKernels(await vscode.workspace.fs.readFile(wasm));
  const session = createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress: () => {} });
  await session.open(file(model).fsPath);
  const run = await session.quantize({ configText: await textOf(uri), configPath: uri.fsPath });
  await session.exportModel(file(name).fsPath);
  return run;
}

async function configWithParent(name: string): Promise<vscode.Uri> {
  const text = await textOf(await config(name));
  return write(`${name}.cfg`, text.replace('[quantscope]', `[quantscope]\nfloat_model=${MODEL}`));
}

async function detailsOf(session: ReturnType<typeof newSession>, nodeId: number | undefined): Promise<NodeDetails> {
  return (await session.ready()).request('node/details', { nodeId: nodeId ?? -1 });
}

async function quantizeWith(uri: vscode.Uri): Promise<RunView | undefined> {
  return vscode.commands.executeCommand('quantscope.quantizeWithConfig', file(CODED), uri);
}
