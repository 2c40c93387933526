import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Cancelled } from '../../src/base/abort.ts';
import { applyChange, overrideWordsOf } from '../../src/config/changes.ts';
import { ConfigEdits } from '../../src/host/config/configEdits.ts';
import { ConfigFollower } from '../../src/host/config/configFollower.ts';
import { changedSpan } from '../../src/host/config/configText.ts';
import type { ModelSession, SessionEvent } from '../../src/host/editor/modelSession.ts';
import { Problems } from '../../src/host/problems.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { closeAll, config, file, log, MODEL, newSession, textOf, until } from './workspace.ts';

describe('toggling a node', () => {
  afterEach(closeAll);

  it('goes into skip_quant_node and out of it, and undo restores the very text', async () => {
    const uri = await config('toggle');
    const original = await textOf(uri);
    const run = await vscode.commands.executeCommand<RunView>('quantscope.quantizeWithConfig', file(MODEL), uri);
    const [conv, fc] = ['conv1', 'fc'].map((handle) => run.nodes.find((node) => node.handle === handle)?.nodeId);
    await toggle(conv, true);
    const once = await textOf(uri);
    assert.match(once, /^skip_quant_node=conv1$/m);
    await toggle(fc, true);
    assert.match(await textOf(uri), /^skip_quant_node=conv1,fc$/m);
    await vscode.commands.executeCommand('quantscope.undo');
    assert.equal(await textOf(uri), once);
    await vscode.commands.executeCommand('quantscope.undo');
    assert.equal(await textOf(uri), original);
    await vscode.commands.executeCommand('quantscope.undo');
    assert.equal(await textOf(uri), original);
    await vscode.commands.executeCommand('quantscope.redo');
    assert.equal(await textOf(uri), once);
    assert(vscode.workspace.textDocuments.some((d) => d.uri.toString() === uri.toString() && d.isDirty));
  });

  it('undoes by the inverse edit when the config was edited by hand meanwhile', async () => {
    const uri = await config('byhand');
    const run = await vscode.commands.executeCommand<RunView>('quantscope.quantizeWithConfig', file(MODEL), uri);
    await toggle(run.nodes.find((node) => node.handle === 'fc')?.nodeId, true);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(uri, new vscode.Position(0, 0), '# my note\n');
    await vscode.workspace.applyEdit(edit);
    await vscode.commands.executeCommand('quantscope.undo');
    const text = await textOf(uri);
    assert.match(text, /^# my note\n/);
    assert.doesNotMatch(text, /^skip_quant_node=.*fc/m);
  });

  it('changes the smallest span of the text', () => {
    assert.equal(changedSpan('abc', 'abc'), undefined);
    assert.deepEqual(changedSpan('skip=a\nb', 'skip=a,c\nb'), { start: 6, end: 6, text: ',c' });
    assert.deepEqual(changedSpan('aaa', 'aa'), { start: 2, end: 3, text: '' });
    assert.deepEqual(changedSpan('', 'x'), { start: 0, end: 0, text: 'x' });
  });
});

describe('a trial', () => {
  const problems = new Problems(log);
  let session: ModelSession;
  let edits: ConfigEdits;
  let follower: ConfigFollower;
  let events: SessionEvent[];

  beforeEach(() => {
    session = newSession();
    edits = new ConfigEdits();
    follower = new ConfigFollower({ session, problems });
    events = [];
    session.onEvent((event) => events.push(event));
    edits.onWillEdit((edit) => follower.changing(edit));
    edits.onDidFail(() => follower.unchanged());
    edits.onDidEdit((edited) => follower.changed(edited));
  });
  afterEach(async () => {
    vscode.Disposable.from(follower, edits, session).dispose();
    await closeAll();
  });
  after(() => problems.dispose());

  it('follows a toggle with new figures beside the old, and its undo with the old figures', async () => {
    const uri = await config('trial');
    const run = await quantize(uri);
    await edits.apply({ config: uri, change: { skip: ['conv1'] }, label: 'skip', handles: ['conv1'] });
    await until('trial', () => session.trial !== null);
    assert.equal(session.trial?.run.nodes.find((node) => node.handle === 'conv1')?.skipped, true);
    assert.equal(session.trial.run.samples, 8);
    assert.deepEqual(session.trial.base, session.trial.before);
    assert.deepEqual(
      session.trial.base.map((output) => output.name),
      run.outputs.map((output) => output.name),
    );
    assert.notDeepEqual(session.trial.run.outputs, session.trial.base);
    const started = events.find(({ event }) => event === 'trial/started');
    assert.deepEqual(started?.payload, { handles: ['conv1'] });
    const skipped = session.trial;
    await edits.undo();
    await until('second trial', () => session.trial !== skipped);
    assert.equal(session.trial.run.nodes.find((node) => node.handle === 'conv1')?.skipped, false);
    assert.deepEqual(session.trial.before, skipped.run.outputs);
    assert.deepEqual(session.trial.run.outputs, skipped.base, 'the very figures of before');
  });

  it('keeps what was chosen for a node since a change was measured', async () => {
    const uri = await config('since');
    await quantize(uri);
    const madeFor = (await vscode.workspace.openTextDocument(uri)).getText();
    await edits.apply({ config: uri, change: { overrides: { fc: 'int16' } }, label: '16 bits' });
    await edits.apply({ config: uri, change: { overrides: { fc: 'KL' } }, label: 'KL', madeFor });
    const words = async () => overrideWordsOf((await vscode.workspace.openTextDocument(uri)).getText()).get('fc');
    assert.equal(await words(), 'int16+KL');
    await edits.undo();
    assert.equal(await words(), 'int16');
    await until('trial', () => session.trial !== null);
  });

  it('follows an edit by hand, but not one that breaks the config: that goes to Problems', async () => {
    const uri = await config('hand');
    await quantize(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await insert(document, 'bit_num=8', 'skip_quant_node=fc\n');
    await until('trial', () => session.trial !== null);
    const { trial } = session;
    await insert(document, 'skip_quant_node', 'min_quant_weight_size=many\n');
    await until('problem', () => vscode.languages.getDiagnostics(uri).some((d) => d.severity === 0));
    await until('stop', () => events.some((e) => e.event === 'run/stopped' && e.payload.diagnostics.length > 0));
    assert.equal(session.trial, trial);
  });

  it('asks for a full run when more than the skip list has changed', async () => {
    const uri = await config('more');
    await quantize(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    const edit = new vscode.WorkspaceEdit();
    const at = document.getText().indexOf('calibrate_size=20');
    edit.replace(uri, new vscode.Range(document.positionAt(at), document.positionAt(at + 17)), 'calibrate_size=10');
    await vscode.workspace.applyEdit(edit);
    const stopped = () => events.flatMap(({ event, payload }) => (event === 'run/stopped' ? payload.diagnostics : []));
    await until('the answer', () => stopped().some((d) => d.code === 'SES402'));
    assert.equal(session.trial, null);
    assert(session.run);
  });

  it('says once that a change from the graph needs a full run, when the config says so', async () => {
    const uri = await config('settings');
    await quantize(uri);
    const change = { settings: [{ section: 'data_preprocess_param', key: 'calibrate_size', value: '10' }] };
    await edits.apply({ config: uri, change, label: 'fewer samples' });
    const told = () => events.flatMap(({ event, payload }) => (event === 'run/stopped' ? [payload.diagnostics] : []));
    await until('the answer', () => told().length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.deepEqual(
      told().map((diagnostics) => diagnostics.map(({ code }) => code)),
      [['SES402']],
    );
    assert.match(await textOf(uri), /^calibrate_size=10$/m);
  });

  it('is not made of what is undone in the config of an earlier run', async () => {
    const [before, now] = [await config('before'), await config('now', ['evaluate_size=9'])];
    await quantize(before);
    await edits.apply({ config: before, change: { skip: ['conv1'] }, label: 'skip', handles: ['conv1'] });
    await until('trial', () => session.trial !== null);
    await quantize(now);
    events.length = 0;
    await edits.undo();
    await until('the answer', () => events.length > 0);
    assert.deepEqual(events, [{ event: 'run/stopped', payload: { diagnostics: [] } }]);
    assert.equal(session.trial, null);
    assert.equal(session.configText, await textOf(now));
  });

  it('stops the worker in the middle of a run', async () => {
    const uri = await config('stopped', ['calibrate_size=100', 'evaluate_size=500']);
    await session.graph();
    const running = quantize(uri);
    await until('progress', () => events.some(({ event }) => event === 'run/progress'));
    session.cancel('run');
    await assert.rejects(running, Cancelled);
    assert.deepEqual(events.at(-1), { event: 'run/stopped', payload: { diagnostics: [] } });
    assert(await quantize(await config('after')), 'the worker goes on');
  });

  it('evaluates the first click at once, and quick ones after it together', async () => {
    const uri = await config('quick');
    await quantize(uri);
    for (const handle of ['conv1', 'pool1', 'fc'])
      await edits.apply({ config: uri, change: { skip: [handle] }, label: 'skip', handles: [handle] });
    const skipped = () => session.trial?.run.nodes.filter((node) => node.skipped).map((node) => node.handle);
    await until('all three', () => skipped()?.length === 3);
    const started = events.flatMap(({ event, payload }) => (event === 'trial/started' ? [payload.handles] : []));
    const finished = events.filter(({ event }) => event === 'trial/finished').length;
    assert(started.length <= 2, 'the first at once, if it comes to that, and the others together');
    const [last = []] = started.slice(-1);
    assert.deepEqual(last.slice(-2), ['pool1', 'fc']);
    assert(last[0] === 'conv1' || finished === 2, 'the first is answered by itself or with the others');
    assert(!events.some(({ event }) => event === 'run/stopped'), 'what another click takes the place of is no end');
    assert.match(await textOf(uri), /^skip_quant_node=conv1,pool1,fc$/m);
  });

  it('is not shown where another has taken its place while it ended', async () => {
    const uri = await config('late');
    await quantize(uri);
    const configText = applyChange(await textOf(uri), { skip: ['conv1'] });
    const params = { configText, configPath: uri.fsPath, samples: 8 };
    const isSuperseded = () => true;
    const late = session.evaluate(params, { handles: ['conv1'], isSuperseded, isSilent: isSuperseded });
    await assert.rejects(late, Cancelled);
    assert.equal(session.trial, null);
    assert(!events.some(({ event }) => event === 'trial/finished' || event === 'run/stopped'));
  });

  it('goes back to what the config says where it cannot be edited', async () => {
    const uri = await config('fixed');
    await quantize(uri);
    const text = applyChange(await textOf(uri), { skip: ['conv1'] });
    follower.changing({ config: uri, handles: ['conv1'], runs: false, text });
    follower.unchanged();
    await until('the answer', () => session.trial !== null);
    assert.deepEqual(
      session.trial?.run.nodes.filter((node) => node.skipped),
      [],
    );
    assert.equal(session.configText, await textOf(uri));
  });

  async function quantize(uri: vscode.Uri): Promise<RunView> {
    const configText = await textOf(uri);
    const run = await session.quantize(uri, { configText, configPath: uri.fsPath });
    follower.follow(uri, configText);
    return run;
  }
});

async function toggle(nodeId: number | undefined, skip: boolean): Promise<void> {
  assert.notEqual(nodeId, undefined);
  await vscode.commands.executeCommand('quantscope.toggleSkip', { nodeId, skip });
}

async function insert(document: vscode.TextDocument, before: string, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, document.positionAt(document.getText().indexOf(before)), text);
  await vscode.workspace.applyEdit(edit);
}
