import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { findConfigs, isConfig } from '../../src/host/config/findConfigs.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { closeAll, config, file, graphTabs, MODEL, sleep, until, write } from './workspace.ts';

describe('quantize with config', () => {
  afterEach(closeAll);

  it('calibrates, quantizes, evaluates, writes the reports and shows the graph', async () => {
    const run = await quantize(await config('first'));
    assert(run);
    assert.equal(run.quantType, 'FULL_QUANT');
    const [output] = run.outputs;
    assert(output && output.cosine > 0.9 && output.cosine <= 1, JSON.stringify(output));
    assert(run.nodes.length >= 6);
    assert(run.nodes.some((node) => node.quantized));
    assert(run.accuracy && run.accuracy.top1.quantized > 0.5);
    assert(run.sizes.quantized < run.sizes.float);
    assert.deepEqual(graphTabs(), [MODEL]);
    const names = (await vscode.workspace.fs.readDirectory(file('reports-first'))).map(([name]) => name);
    for (const wanted of [/^round_0\.csv$/, /^quant_param\.csv$/, /^output_summary\.csv$/, /^report\.json$/]) {
      assert(
        names.some((name) => wanted.test(name)),
        `${wanted} is not among ${names}`,
      );
    }
  });

  it('uses the text of the open document, saved or not', async () => {
    const uri = await config('unsaved');
    const document = await vscode.workspace.openTextDocument(uri);
    const edit = new vscode.WorkspaceEdit();
    const at = document.positionAt(document.getText().indexOf('bit_num=8'));
    edit.insert(uri, at, 'skip_quant_node=conv1\n');
    await vscode.workspace.applyEdit(edit);
    assert(document.isDirty);
    const run = await quantize(uri);
    assert.equal(run?.nodes.find((node) => node.handle === 'conv1')?.skipped, true);
  });

  it('puts a mistake of the config into Problems at its line, and takes it away once corrected', async () => {
    const uri = await config('wrong', ['bit_num=eight']);
    assert.equal(await quantize(uri), undefined);
    const [problem, ...more] = vscode.languages.getDiagnostics(uri);
    assert(problem);
    assert.deepEqual(more, []);
    assert.match(String(problem.code), /^CFG/);
    assert.equal(problem.severity, vscode.DiagnosticSeverity.Error);
    const document = await vscode.workspace.openTextDocument(uri);
    assert.equal(document.lineAt(problem.range.start.line).text, 'bit_num=eight');
    await config('wrong', ['bit_num=8']);
    await until('the document follows the disk', () => document.getText().includes('bit_num=8'));
    assert(await quantize(uri));
    assert.deepEqual(
      vscode.languages.getDiagnostics(uri).filter((d) => d.severity === vscode.DiagnosticSeverity.Error),
      [],
    );
  });

  it('reports missing calibration data and stays usable', async () => {
    const uri = await config('nodata', ['calibrate_path=image:no-such-folder']);
    assert.equal(await quantize(uri), undefined);
    assert(await quantize(await config('afterwards')));
  });

  it('stops when it is cancelled, and runs again', async () => {
    const uri = await config('cancelled', ['calibrate_size=100', 'evaluate_size=500']);
    await vscode.commands.executeCommand('vscode.open', file(MODEL));
    let ended = false;
    const running = quantize(uri).finally(() => {
      ended = true;
    });
    await until('an end', async () => {
      await vscode.commands.executeCommand('quantscope.cancel', file(MODEL));
      return ended;
    });
    assert.equal(await running, undefined);
    assert.deepEqual(vscode.languages.getDiagnostics(uri), []);
    assert(await quantize(await config('again')));
  });

  it('offers the configs of the workspace, most recent first, and nothing else', async () => {
    await write('notes.txt', 'quantize mnist some day');
    await sleep(20);
    const newest = await write('newest.txt', '# mine\n [common_quant_param]\nquant_type=WEIGHT_QUANT\n');
    const found = await findConfigs(file(MODEL));
    assert.equal(found[0]?.uri.toString(), newest.toString());
    assert.equal(found[0].quantType, 'WEIGHT_QUANT');
    const names = found.map(({ uri }) => uri.path.slice(uri.path.lastIndexOf('/') + 1));
    for (const name of ['full_quant.cfg', 'weight_quant.cfg', 'dynamic_quant.cfg', 'mixed_bit.cfg']) {
      assert(names.includes(name), name);
    }
    assert(!names.includes('notes.txt'));
    assert.equal(new Set(names).size, names.length);
    const ofRun = await findConfigs(file(MODEL).with({ query: 'run=1' }));
    assert.deepEqual(
      ofRun.map(({ uri }) => uri.toString()),
      found.map(({ uri }) => uri.toString()),
    );
    assert.equal(isConfig('#[common_quant_param]'), false);
  });
});

async function quantize(uri: vscode.Uri): Promise<RunView | undefined> {
  return vscode.commands.executeCommand('quantscope.quantizeWithConfig', file(MODEL), uri);
}
