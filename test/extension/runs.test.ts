import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { runIsLive } from '../../src/host/commands/runAgain.ts';
import type { ModelSession } from '../../src/host/editor/modelSession.ts';
import { configAsItWas } from '../../src/host/runs/configAsItWas.ts';
import type { RunsElement } from '../../src/host/runs/runCommands.ts';
import { Runs } from '../../src/host/runs/runs.ts';
import type { RunHead } from '../../src/host/runs/storedRun.ts';
import { RunsTree } from '../../src/host/views/runsView.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { closeAll, config, file, log, MODEL, newSession, textOf, write } from './workspace.ts';

describe('kept runs', () => {
  let storage = 0;
  let opened: vscode.Disposable[] = [];

  afterEach(async () => {
    vscode.Disposable.from(...opened).dispose();
    opened = [];
    await closeAll();
  });

  it('are on display again in a later session, with the figures of every node', async () => {
    const context = nextStorage();
    const uri = await config('kept');
    const first = open(newSession());
    const run = await quantizeAndKeep(openRuns(context), first, uri);
    const live = new Map<string, Float64Array>();
    for (const of of ['worst', 'mean'] as const) live.set(of, (await first.column({ metric: 'mse', of })).values);
    const session = open(newSession());
    await openRuns(context).showLatest(session);
    assert.deepEqual(session.run, run);
    assert.equal(session.restored?.name, 'kept.cfg');
    assert.equal(session.config?.toString(), uri.toString());
    const fc = run.nodes.find(({ handle }) => handle === 'fc');
    assert(fc);
    const { figures, node } = await session.details(fc.nodeId);
    assert.deepEqual(figures, fc);
    assert.equal(node.opType, 'Gemm');
    for (const of of ['worst', 'mean'] as const) {
      const { values } = await session.column({ metric: 'mse', of });
      assert.deepEqual(
        values,
        Float64Array.from(live.get(of) ?? [], (v) => Number(v.toPrecision(9))),
        of,
      );
    }
    assert.equal(runIsLive(session), false, 'tensors and trials need the run again');
    const state = await session.viewState();
    assert.deepEqual(state.restored, session.restored);
    await quantize(session, uri);
    assert.equal(session.restored, null);
    assert.equal(runIsLive(session), true);
  });

  it('are not shown for a model that is another by now, but for one that was only touched', async () => {
    const context = nextStorage();
    const bytes = await vscode.workspace.fs.readFile(file(MODEL));
    const model = await write('touched.onnx', bytes);
    const runs = openRuns(context);
    await quantizeAndKeep(runs, open(newSession(model)), await config('touched'));
    const [head] = runs.store.heads as [RunHead];
    await write('touched.onnx', bytes);
    assert.equal(await runs.isCurrent(head), true);
    const changed = bytes.slice();
    changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
    await write('touched.onnx', changed);
    assert.equal(await runs.isCurrent(head), false);
    const session = open(newSession(model));
    await openRuns(context).showLatest(session);
    assert.equal(session.run, null);
  });

  it('come to the front over a live run, which the engine lets go of', async () => {
    const runs = openRuns(nextStorage());
    const session = open(newSession());
    const skipped = await config('first-kept', ['skip_quant_node=conv1']);
    const first = await quantizeAndKeep(runs, session, skipped);
    const second = await quantizeAndKeep(runs, session, await config('second-kept'));
    const [, head] = runs.store.heads as [RunHead, RunHead];
    assert.equal(runs.isShown(session, head), false);
    await runs.show(session, head, await runs.store.body(head.id));
    assert.deepEqual(session.run, first);
    assert.notDeepEqual(first.outputs, second.outputs);
    assert.equal(runs.isShown(session, head), true);
    const conv = first.nodes.find(({ handle }) => handle === 'conv1');
    const { figures, tensors } = await session.details(conv?.nodeId ?? -1);
    assert.equal(figures?.skipped, true);
    assert(
      tensors.every(({ origin }) => origin === null),
      'no tensors of the other run',
    );
    const params = { configText: await textOf(skipped), configPath: skipped.fsPath };
    await assert.rejects(session.evaluate(params, { handles: [] }), /SES401/);
  });

  it('keep the sensitivity that is measured after them', async () => {
    const context = nextStorage();
    const runs = openRuns(context);
    const session = open(newSession());
    await quantizeAndKeep(runs, session, await config('measured'));
    const request = { mode: 'layerwise', part: 'both', judge: { id: 'cosine' }, samples: 2, verify: null } as const;
    await session.measure('sensitivity', (rpc) => rpc.request('sensitivity/run', { request, known: [] }));
    await runs.addSensitivity(session);
    const { values } = await session.column({ metric: 'sensitivity', of: 'mean' });
    assert(values.some((value) => value > 0));
    const later = open(newSession());
    await openRuns(context).showLatest(later);
    const kept = await later.column({ metric: 'sensitivity', of: 'mean' });
    assert.deepEqual(kept.values, values);
  });

  it('of a trial lie below their run', async () => {
    const runs = openRuns(nextStorage());
    const session = open(newSession());
    const uri = await config('tried');
    await quantizeAndKeep(runs, session, uri);
    const configText = (await textOf(uri)).replace('bit_num=8\n', 'bit_num=8\nskip_quant_node=conv1\n');
    const trial = await session.evaluate({ configText, configPath: uri.fsPath }, { handles: ['conv1'] });
    const { added, removed } = trial;
    const kept = await runs.record({ session, config: uri, configText, run: trial.run, trial: { added, removed } });
    const tree = open(new RunsTree(runs));
    assert.deepEqual(linesOf(tree), [MODEL, '  tried.cfg', '    −conv1']);
    const element: RunsElement = { kind: 'run', id: kept?.id ?? '' };
    const item = tree.getTreeItem(element);
    assert.match(String(item.description), /^[01]\.\d+ · .+ dB · \d.* KB · /);
    assert.equal(item.contextValue, 'trial loose');
    assert.match((item.tooltip as vscode.MarkdownString).value, /Newly skipped \| conv1/);
    assert(item.accessibilityInformation?.label.startsWith('−conv1, '));
    await runs.store.change(element.id, { name: 'without conv1', pinned: true });
    assert.equal(tree.getTreeItem(element).label, 'without conv1');
    assert.equal(tree.getTreeItem(element).contextValue, 'trial pinned');
    const base = tree.getParent(element) as RunsElement;
    await runs.store.remove([base.kind === 'run' ? base.id : '']);
    assert.deepEqual(linesOf(tree), [MODEL, '  without conv1'], 'a trial outlives its run');
  });

  it('of the extension itself carry their config as it was', async () => {
    const uri = await config('asitwas');
    const before = await textOf(uri);
    await vscode.commands.executeCommand('quantscope.quantizeWithConfig', file(MODEL), uri);
    await write('asitwas.cfg', '# changed since\n');
    const runs = openRuns(nextStorage());
    const session = open(newSession());
    const made = await quantizeAndKeep(runs, session, await config('provider'));
    assert(made);
    const [head] = runs.store.heads as [RunHead];
    assert.equal((await runs.store.body(head.id)).configText, await textOf(file('provider.cfg')));
    assert.match(configAsItWas(head).path, /\/provider\.cfg$/);
    assert.notEqual(before, await textOf(uri));
  });

  function nextStorage(): vscode.ExtensionContext {
    const storageUri = file(`.storage-${storage++}`);
    return { storageUri, globalStorageUri: storageUri } as unknown as vscode.ExtensionContext; // Runs asks for these two
  }

  function openRuns(context: vscode.ExtensionContext): Runs {
    return open(new Runs(context, log));
  }

  function open<T extends vscode.Disposable>(disposable: T): T {
    opened.push(disposable);
    return disposable;
  }
});

async function quantize(session: ModelSession, uri: vscode.Uri): Promise<RunView> {
  return session.quantize(uri, { configText: await textOf(uri), configPath: uri.fsPath });
}

async function quantizeAndKeep(runs: Runs, session: ModelSession, uri: vscode.Uri): Promise<RunView> {
  const run = await quantize(session, uri);
  const configText = await textOf(uri);
  assert(await runs.record({ session, config: uri, configText, run, trial: null }), 'the run is on disk');
  return run;
}

function linesOf(tree: RunsTree): string[] {
  const draw = (element: RunsElement, depth: number): string[] => [
    `${'  '.repeat(depth)}${tree.getTreeItem(element).label}`,
    ...tree.getChildren(element).flatMap((child) => draw(child, depth + 1)),
  ];
  return tree.getChildren().flatMap((element) => draw(element, 0));
}
