import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { applyChange } from '../../src/config/changes.ts';
import { changeConfig } from '../../src/host/commands/changeConfig.ts';
import { deleteTrials, restoreTrial } from '../../src/host/commands/trialCommands.ts';
import type { SessionEvent } from '../../src/host/editor/modelSession.ts';
import { type OpenModel, SessionRegistry } from '../../src/host/editor/registry.ts';
import { Problems } from '../../src/host/problems.ts';
import { Runs } from '../../src/host/runs/runs.ts';
import { keptWork } from '../../src/host/storage/keptWork.ts';
import type { Suggestion } from '../../src/host/suggestions/suggestions.ts';
import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { DiagnosisRequest } from '../../src/protocol/diagnosisViews.ts';
import type { SensitivityRequest } from '../../src/protocol/sensitivityViews.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { closeAll, config, extension, file, log, MODEL, openGraph, textOf, until, write } from './workspace.ts';

const SWEEP: SensitivityRequest = {
  mode: 'layerwise',
  part: 'both',
  judge: { id: 'cosine' },
  samples: 500,
  verify: null,
};
const DIAGNOSIS: DiagnosisRequest = { judge: { id: 'cosine' }, samples: 20, nodes: 3, cures: true, data: false };
/** A range that cuts most of an activation off: something to find. */
const CLIPPED = { overrides: { relu1: 'range(0..0.2)' } };

/** A config of the sample with a change. */
async function configWith(name: string, change: ConfigChange): Promise<vscode.Uri> {
  return write(`${name}.cfg`, applyChange(await textOf(await config(name)), change));
}

/** A window: what it opens is closed with it, what it keeps stays in the folder. */
function openWindow(
  storage: string,
): { readonly model: OpenModel; readonly events: SessionEvent[] } & vscode.Disposable {
  const workerScript = vscode.Uri.joinPath(extension().extensionUri, 'dist', 'worker.cjs').fsPath;
  const problems = new Problems(log);
  const storageUri = file(storage);
  const context = { storageUri, globalStorageUri: storageUri } as unknown as vscode.ExtensionContext; // all that is asked of it
  const runs = new Runs(context, log);
  const work = keptWork(context, { runs, log });
  const sessions = new SessionRegistry({ workerScript, log, problems, ...work });
  const lease = sessions.acquire(file(MODEL));
  const events: SessionEvent[] = [];
  const listener = lease.model.session.onEvent((event) => events.push(event));
  const all = vscode.Disposable.from(listener, lease, sessions, work, runs, problems);
  return { model: lease.model, events, dispose: () => all.dispose() };
}

async function quantize({ session, follower }: OpenModel, uri: vscode.Uri): Promise<RunView> {
  const configText = await textOf(uri);
  const run = await session.quantize(uri, { configText, configPath: uri.fsPath });
  follower.follow(uri, configText);
  return run;
}

/** Applies a change and waits for its figures. */
async function tried(model: OpenModel, change: ConfigChange): Promise<void> {
  const before = model.session.trial;
  await changeConfig(model, { change, label: '' });
  await until('the trial', () => model.session.trial !== null && model.session.trial !== before, 20_000);
  await model.trials.settled();
}

describe('a change of any kind', () => {
  let window: ReturnType<typeof openWindow>;
  let model: OpenModel;
  beforeEach(() => {
    window = openWindow('.storage-change');
    ({ model } = window);
  });
  afterEach(async () => {
    window.dispose();
    await closeAll();
  });

  it('lands in the config, is evaluated, and is undone to the very text and the very figures', async () => {
    const uri = await config('override');
    const original = await textOf(uri);
    const run = await quantize(model, uri);
    await tried(model, { overrides: { conv1: 'float16', fc: 'int16+symmetric' } });
    assert.match(await textOf(uri), /^node_overrides=conv1:float16,fc:int16\+symmetric$/m);
    const fc = model.session.trial?.run.nodes.find(({ handle }) => handle === 'fc');
    assert.equal(fc?.precision, 'int16');
    const macs = model.session.trial?.run.macs;
    assert(macs !== undefined && run.macs !== undefined && macs.integer < run.macs.integer);
    const started = window.events.find(({ event }) => event === 'trial/started');
    assert.deepEqual(started?.payload, { handles: ['conv1', 'fc'] });
    assert.equal(model.edits.undoLabel, 'conv1: float16, fc: int16+symmetric');
    const { trial } = model.session;
    assert.equal(await model.edits.undo(), 'conv1: float16, fc: int16+symmetric');
    assert.equal(await textOf(uri), original);
    await until('the figures of before', () => model.session.trial !== trial);
    assert.deepEqual(model.session.trial?.run.outputs, trial?.base);
    await model.edits.redo();
    assert.match(await textOf(uri), /^node_overrides=conv1:float16,/m);
  });

  it('is undone by its inverse when the config was edited by hand meanwhile', async () => {
    const uri = await configWith('inverse', { overrides: { fc: 'int16' } });
    await quantize(model, uri);
    await tried(model, { overrides: { fc: 'float16', conv1: 'per_layer' }, skip: ['pool1'] });
    const edit = new vscode.WorkspaceEdit();
    edit.insert(uri, new vscode.Position(0, 0), '# my note\n');
    await vscode.workspace.applyEdit(edit);
    await model.edits.undo();
    const text = await textOf(uri);
    assert.match(text, /^# my note\n/);
    assert.match(text, /^node_overrides=fc:int16$/m);
    assert.doesNotMatch(text, /pool1/);
  });

  it('becomes a tree: undo goes back in it, two are compared, and an earlier one is restored', async () => {
    const uri = await config('tree');
    await quantize(model, uri);
    await tried(model, { skip: ['conv1'] });
    const first = await textOf(uri);
    await tried(model, { overrides: { fc: 'float16' } });
    const { trial } = model.session;
    await model.edits.undo();
    await until('the undo', () => model.session.trial !== trial);
    await tried(model, { skip: ['fc'] });
    const { trials, current } = model.trials.tree;
    const [root, a, b, c] = trials;
    assert(root && a && b && c && trials.length === 4, JSON.stringify(trials));
    assert.deepEqual(
      trials.map(({ parent }) => parent),
      [null, root.id, a.id, a.id],
    );
    assert.equal(current, c.id);
    assert.deepEqual([a.change.skip, b.change.overrides, c.change.skip], [['conv1'], { fc: 'float16' }, ['fc']]);
    assert(a.integerShare < root.integerShare && c.integerShare < a.integerShare);
    assert(root.cost < a.cost && a.bytes > root.bytes);
    const comparison = model.trials.compare(b.id, c.id);
    assert.deepEqual(comparison?.change.skip, ['fc']);
    assert.equal(comparison?.samples.length, 8);
    await model.trials.rename(a.id, ' without conv1 ');
    await model.trials.pin(a.id, true);
    const before = model.session.trial;
    await restoreTrial(model, a.id);
    assert.equal(await textOf(uri), first);
    await until('its figures', () => model.session.trial !== before);
    await model.trials.settled();
    assert.equal(model.trials.tree.current, a.id);
    assert.deepEqual(model.session.trial?.run.outputs, a.outputs);
    await deleteTrials(model, [root.id, a.id]);
    const left = model.trials.tree.trials;
    assert.deepEqual(
      left.map(({ id, parent, name, pinned }) => [id, parent, name, pinned]),
      [
        [a.id, null, 'without conv1', true],
        [b.id, a.id, '', false],
        [c.id, a.id, '', false],
      ],
    );
  });

  it('is there again, with its tree, after the window was opened anew', async () => {
    const uri = await config('reloaded');
    const run = await quantize(model, uri);
    await tried(model, { skip: ['conv1'] });
    const tree = model.trials.tree;
    const { configText } = model.session;
    window.dispose();
    window = openWindow('.storage-change');
    const { session, trials } = window.model;
    const restored = { name: '', timeMs: 1 };
    await session.restore({ run, config: uri, configText, restored, columns: [] });
    await trials.settled();
    assert.equal(tree.trials.length, 2);
    assert.deepEqual(trials.tree, tree);
    assert(window.events.some(({ event }) => event === 'trials/changed'));
  });
});

describe('sweeps, searches and diagnoses', () => {
  let window: ReturnType<typeof openWindow>;
  let model: OpenModel;
  beforeEach(() => {
    window = openWindow('.storage-findings');
    ({ model } = window);
  });
  afterEach(async () => {
    window.dispose();
    await closeAll();
  });

  it('of sensitivity are cancelled with what they have, go on from there, and are kept', async () => {
    const uri = await config('swept', ['evaluate_size=500']);
    await quantize(model, uri);
    const sweep = model.findings.sweep(SWEEP, { resume: false });
    await until('a first part', () => (model.findings.current.sensitivity?.done ?? 0) > 0);
    model.findings.cancel('sensitivity');
    await sweep;
    const part = model.findings.current.sensitivity;
    assert(part !== null && part.done < part.total, `${part?.done} of ${part?.total}`);
    assert.equal(model.findings.canResume, true);
    assert.equal(model.session.working, undefined);
    await model.findings.sweep(SWEEP, { resume: true });
    const whole = model.findings.current.sensitivity;
    assert(whole !== null && whole.done === whole.total && whole.total >= 4);
    assert.equal(model.findings.canResume, false);
    const running = window.events.flatMap((e) => (e.event === 'sensitivity/changed' ? [e.payload.running] : []));
    assert.equal(running.at(-1), false);
    assert(running.includes(true));
    await model.findings.settled();
    const { configText } = model.session;
    const run = model.session.run ?? assert.fail();
    window.dispose();
    window = openWindow('.storage-findings');
    const { session, findings } = window.model;
    await session.restore({ run, config: uri, configText, restored: { name: '', timeMs: 1 }, columns: [] });
    await findings.settled();
    assert.deepEqual(findings.current.sensitivity, whole);
  });

  it('of sensitivity make way for a click, and go on when it is undone', async () => {
    const uri = await config('interrupted', ['evaluate_size=500']);
    await quantize(model, uri);
    const sweep = model.findings.sweep(SWEEP, { resume: false });
    await until('a first part', () => (model.findings.current.sensitivity?.done ?? 0) > 0);
    await tried(model, { skip: ['fc'] });
    await sweep;
    await model.findings.settled();
    assert.equal(model.findings.current.sensitivity, null, 'what was measured is of another config');
    const part = model.findings.last.sensitivity;
    assert(part && part.done > 0 && part.done < part.total, 'the click did not wait for its end');
    await model.edits.undo();
    await until('the rest of the sweep', () => {
      const { sensitivity } = model.findings.current;
      return sensitivity !== null && sensitivity.done === sensitivity.total;
    });
  });

  it('find a cause and measured cures; one is applied and taken back, and the diagnosis comes back with it', async () => {
    const uri = await configWith('diagnosed', CLIPPED);
    await quantize(model, uri);
    await model.findings.diagnose(DIAGNOSIS);
    const { diagnosis } = model.findings.current;
    const cures = diagnosis?.causes.flatMap((cause) => cause.cures) ?? [];
    assert(diagnosis?.done && cures.length > 0, JSON.stringify(diagnosis?.causes));
    assert(cures.every(({ gain }) => gain > 0));
    const [cure] = cures;
    const original = await textOf(uri);
    await tried(model, cure?.change ?? {});
    await model.findings.settled();
    assert.equal(model.findings.current.diagnosis, null);
    assert.equal(model.findings.last.diagnosis, diagnosis);
    const { trial } = model.session;
    await model.edits.undo();
    assert.equal(await textOf(uri), original);
    await until('the undo', () => model.session.trial !== trial);
    await until('the diagnosis', () => model.findings.current.diagnosis !== null);
  });

  it('find what to leave float for a target, and it holds', async () => {
    const uri = await configWith('searched', CLIPPED);
    const run = await quantize(model, uri);
    const worst = Math.min(...run.outputs.map(({ cosine }) => cosine));
    const value = worst + (1 - worst) / 2;
    const goal = { kind: 'skip', target: { value } } as const;
    await model.findings.search({ goal, judge: { id: 'cosine' }, samples: 20, budget: 50 });
    const { search } = model.findings.current;
    assert(search?.best?.reached && search.best.value >= value, JSON.stringify(search?.best));
    await tried(model, search.best.change);
    assert.deepEqual(model.session.trial?.added, search.best.change.skip);
  });

  it('judge by a command only where one is set', async () => {
    const uri = await config('commanded');
    await quantize(model, uri);
    const judge = { id: 'command', command: 'echo 1', better: 'higher' } as const;
    await assert.rejects(model.findings.sweep({ ...SWEEP, judge }, { resume: false }), /IPC104/);
    assert.equal(model.session.working, undefined);
  });
});

describe('in the window', () => {
  afterEach(closeAll);

  it('cures are code actions of the config, and a suggestion that takes a run is run', async () => {
    const uri = await configWith('offered', CLIPPED);
    await openGraph(file(MODEL));
    assert(await vscode.commands.executeCommand('quantscope.quantizeWithConfig', file(MODEL), uri));
    await vscode.commands.executeCommand('quantscope.diagnose', file(MODEL), { request: DIAGNOSIS });
    const document = await vscode.workspace.openTextDocument(uri);
    const line = document
      .getText()
      .split('\n')
      .findIndex((text) => text.startsWith('node_overrides'));
    const actionsAt = (at: number) =>
      vscode.commands.executeCommand<vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        uri,
        new vscode.Range(at, 0, at, 0),
      );
    let cures: vscode.CodeAction[] = [];
    await until(`cures at a line of ${document.languageId}`, async () => {
      cures = (await actionsAt(line)).filter(({ title }) => / → /.test(title));
      return cures.length > 0;
    });
    const other = document
      .getText()
      .split('\n')
      .findIndex((text) => text.startsWith('normalize_std'));
    assert.deepEqual(
      (await actionsAt(other)).filter(({ title }) => / → /.test(title)),
      [],
    );
    const before = document.getText();
    await vscode.workspace.applyEdit(cures[0]?.edit ?? new vscode.WorkspaceEdit());
    assert.notEqual(document.getText(), before);

    await openGraph(file(MODEL));
    const reports = file('reports-offered');
    await vscode.workspace.fs.delete(reports, { recursive: true });
    const suggestion = {
      kind: 'change',
      change: { settings: [{ section: 'data_preprocess_param', key: 'calibrate_size', value: '10' }] },
      judge: { id: 'cosine' },
      source: {
        from: 'data',
        finding: { kind: 'preprocessing', change: {}, label: 'Fewer', evidence: [], advised: true },
      },
    } satisfies Suggestion;
    await vscode.commands.executeCommand('quantscope.trySuggestion', suggestion);
    assert.match(document.getText(), /^calibrate_size=10$/m);
    await until('the run', async () => {
      const found = await vscode.workspace.fs.readDirectory(reports).then(
        (entries) => entries.map(([name]) => name),
        (): string[] => [],
      );
      return found.includes('rounds_summary.csv') || found.includes('report.json');
    });
  });
});
