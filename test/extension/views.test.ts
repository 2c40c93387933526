import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Deps } from '../../src/host/commands/deps.ts';
import { PanelPairs } from '../../src/host/compare/panelPairs.ts';
import { SessionRegistry } from '../../src/host/editor/registry.ts';
import { SavedViews } from '../../src/host/editor/savedViews.ts';
import type { OutlineElement } from '../../src/host/outline/outlineTree.ts';
import { Problems } from '../../src/host/problems.ts';
import { Runs } from '../../src/host/runs/runs.ts';
import { keptWork } from '../../src/host/storage/keptWork.ts';
import { ConfigsTree } from '../../src/host/views/configsView.ts';
import { OutlineLines } from '../../src/host/views/outlineView.ts';
import { SuggestionsTree } from '../../src/host/views/suggestionsView.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { closeAll, config, extension, file, log, MODEL, openGraph, textOf, until } from './workspace.ts';

describe('the views beside the editor', () => {
  let deps: Deps;
  let used: vscode.Disposable;

  before(async () => {
    const script = vscode.Uri.joinPath(extension().extensionUri, 'dist', 'worker.cjs');
    const problems = new Problems(log);
    const storageUri = file('.storage-views');
    const context = { storageUri, globalStorageUri: storageUri, workspaceState: memento() };
    const extensionContext = context as unknown as vscode.ExtensionContext; // these are all that is asked of it
    const runs = new Runs(extensionContext, log);
    const work = keptWork(extensionContext, { runs, log });
    const sessions = new SessionRegistry({ workerScript: script.fsPath, log, problems, ...work });
    const pairs = new PanelPairs(() => '');
    deps = { context: extensionContext, sessions, problems, log, runs, pairs };
    const lease = sessions.acquire(file(MODEL));
    used = vscode.Disposable.from(lease, sessions, problems, runs, pairs, work);
    await openGraph(file(MODEL));
  });
  after(async () => {
    used.dispose();
    await closeAll();
  });

  it('outline the model in front: inputs, nodes with their operator, outputs', async () => {
    const lines = new OutlineLines(deps);
    const draw = async (element: OutlineElement): Promise<string[]> => {
      const { label, description } = lines.getTreeItem(element);
      return [`${label} ${description}`, ...(await Promise.all((await lines.getChildren(element)).map(draw))).flat()];
    };
    const drawn = (await Promise.all((await lines.getChildren()).map(draw))).flat();
    assert.equal(drawn.length, 3 + 1 + 6 + 1);
    assert.match(drawn[1] ?? '', /^\S+ float32 \[/);
    for (const wanted of ['Nodes 6', 'conv1 Conv', 'fc Gemm']) assert(drawn.includes(wanted), `${wanted}: ${drawn}`);
    const { session } = deps.sessions.get(file(MODEL)) ?? assert.fail();
    const graph = await session.graph();
    session.select(graph.nodeId(0));
    const selected = lines.selectedIn(session);
    assert(selected);
    assert.equal(lines.getTreeItem(selected).label, graph.handle(0));
    assert.equal(lines.getParent(selected)?.kind, 'nodes');
    lines.dispose();
  });

  it('list the configs of the model in front, the one used last first', async () => {
    const tree = new ConfigsTree(deps);
    const names = async () => (await tree.getChildren()).map((found) => String(tree.getTreeItem(found).label));
    const all = await names();
    for (const name of ['full_quant.cfg', 'weight_quant.cfg']) assert(all.includes(name), `${name}: ${all}`);
    await deps.context.workspaceState.update('pairs', [
      { model: file(MODEL).toString(), config: file('mixed_bit.cfg').toString() },
    ]);
    assert.equal((await names())[0], 'mixed_bit.cfg');
    const [first] = await tree.getChildren();
    assert(first && /last used/.test(String(tree.getTreeItem(first).description)));
    tree.dispose();
  });

  it('suggest what the last run has measured, and nothing before it', async () => {
    const tree = new SuggestionsTree(deps);
    assert.deepEqual(await tree.getChildren(), []);
    const uri = await config('suggested', ['skip_quant_node=conv1,nosuchnode']);
    const { session } = deps.sessions.get(file(MODEL)) ?? assert.fail();
    const configText = await textOf(uri);
    const run: RunView = await session.quantize(uri, { configText, configPath: uri.fsPath });
    deps.problems.publish(uri, run.diagnostics);
    const found = await tree.getChildren();
    const expected = run.nodes.filter((n) => n.canSkip && n.quantized && !n.skipped && (n.localSqnrDb ?? 40) < 40);
    const nodes = found.flatMap((s) => (s.kind === 'skip' ? [s.node.handle] : []));
    assert.deepEqual([...nodes].sort(), expected.map(({ handle }) => handle).sort());
    for (const item of found.filter((s) => s.kind === 'skip').map((s) => tree.getTreeItem(s))) {
      assert.match(String(item.label), /^Try .+ in float$/);
      assert.match(String(item.description), / dB$/);
    }
    assert(
      found.some((s) => s.kind === 'fix'),
      JSON.stringify(run.diagnostics),
    );
    tree.dispose();
  });

  it('keep how the view of each model looked, the newest hundred of them', async () => {
    const state = memento();
    const views = new SavedViews(state);
    assert.equal(views.load(file(MODEL)), null);
    for (let i = 0; i <= 100; i++) await views.save(file(`m${i}.onnx`), { camera: { x: i } });
    await views.save(file('m50.onnx'), { camera: null });
    await views.save(file('m51.onnx'), { groups: 'x'.repeat(100_000) });
    const later = new SavedViews(state);
    assert.equal(later.load(file('m0.onnx')), null);
    assert.deepEqual(later.load(file('m100.onnx')), { camera: { x: 100 } });
    assert.deepEqual(later.load(file('m50.onnx')), { camera: null });
    assert.deepEqual(later.load(file('m51.onnx')), { camera: { x: 51 } }, 'what is too large is not kept');
  });

  it('are opened by commands, with a list of nodes to go to', async () => {
    for (const view of ['runs', 'configs', 'suggestions', 'outline']) {
      await vscode.commands.executeCommand(`quantscope.${view}.focus`);
    }
    await openGraph(file(MODEL));
    await vscode.commands.executeCommand('quantscope.goToNode', file(MODEL));
    await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
  });

  it('copy the name and the statistics of a node', async () => {
    await openGraph(file(MODEL));
    await until('the model is open', async () => {
      const name = await vscode.commands.executeCommand('quantscope.copyName', { nodeId: 0 });
      return name === 'conv1';
    });
    const text = await vscode.commands.executeCommand<string>('quantscope.copyStatistics', { nodeId: 0 });
    assert.match(text, /^tensor\trole\tkind\tdtype\tshape\b/);
    assert.equal(text.trimEnd().split('\n').length, 1 + 4, 'input, weight, bias, output');
  });
});

/** Keeps values as VS Code does: as JSON. */
function memento(): vscode.Memento {
  const values = new Map<string, string>();
  return {
    keys: () => [...values.keys()],
    get: <T>(key: string, fallback?: T) => (values.has(key) ? (JSON.parse(values.get(key) ?? '') as T) : fallback),
    update: async (key: string, value: unknown) => {
      values.set(key, JSON.stringify(value));
    },
  } as vscode.Memento;
}
