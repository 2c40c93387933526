import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { LANGUAGE_ID } from '../../src/config/language/recognize.ts';
import { keysOf } from '../../src/config/schema.ts';
import { closeAll, config, file, MODEL, openGraph, until, write } from './workspace.ts';

describe('a quantization config in the editor', () => {
  before(() => openGraph(file(MODEL)));
  after(closeAll);

  it('is recognised by its content, and other files of the same name are left alone', async () => {
    const ours = await open(await config('language'));
    await until('the language is set', () => ours().languageId === LANGUAGE_ID);
    const flat = await open(await write('flat.cfg', 'image_path=calibration\nbatch_count=10\nmethod_x=KL\n'));
    await until('the flat file is recognised', () => flat().languageId === LANGUAGE_ID);
    const other = await open(await write('other.cfg', '[core]\neditor = vim\n'));
    const before = other().languageId;
    assert.notEqual(before, LANGUAGE_ID);
    await insert(other(), 'end', '[more]\nx = 1\n');
    assert.equal(other().languageId, before);
    await insert(other(), 'end', '[quantscope]\n');
    await until('it has become a config', () => other().languageId === LANGUAGE_ID);
  });

  it('completes sections, keys, words, nodes, inputs and folders', async () => {
    const labels = async (text: string) => (await complete('completed', text)).items.map(labelOf);
    assert((await labels('[')).includes('[full_quant_param]'));
    const keys = await labels('[full_quant_param]\n');
    for (const { key } of keysOf('full_quant_param')) assert(keys.includes(key), key);
    assert((await labels('[full_quant_param]\nactivation_quant_method=')).includes('MAX_MIN'));
    const nodes = await labels('[common_quant_param]\nskip_quant_node=conv1,');
    assert(nodes.includes('fc') && !nodes.includes('conv1'), nodes.join());
    assert((await labels('[quantscope]\nnode_overrides=conv1:')).includes('int16'));
    assert((await labels('[data_preprocess_param]\ncalibrate_path=')).includes('image'));
    const folders = await labels('[data_preprocess_param]\ncalibrate_path=image:');
    assert(folders.includes('calibration') && folders.includes('test'), folders.join());
  });

  it('replaces what is typed so far, and goes on behind a key', async () => {
    const { items } = await complete('replaced', '[common_quant_param]\nbit');
    const item = items.find((i) => labelOf(i) === 'bit_num');
    assert(item?.range instanceof vscode.Range);
    assert.deepEqual([item.range.start.character, item.range.end.character], [0, 3]);
    assert.equal(item.insertText, 'bit_num=');
    assert.equal(item.command?.command, 'editor.action.triggerSuggest');
  });

  it('explains keys, words and nodes', async () => {
    const document = await open(
      await write(
        'hovered.cfg',
        '[full_quant_param]\nactivation_quant_method=KL\n[common_quant_param]\nskip_quant_node=conv1\n',
      ),
    );
    await until('the language is set', () => document().languageId === LANGUAGE_ID);
    assert.match(await hover(document(), 1, 3), /How an activation gets its range/);
    assert.match(await hover(document(), 1, 25), /relative entropy/);
    await until('the model is known', async () => /conv1.*Conv/.test(await hover(document(), 3, 18)));
  });

  it('says what is wrong as it is typed, and takes it away again', async () => {
    const document = await open(await config('typed'));
    const uri = document().uri;
    await until('the language is set', () => document().languageId === LANGUAGE_ID);
    await replaceLine(document(), 'per_channel=true', 'per_channel=yes');
    await until('the boolean is wrong', () => codesOf(uri).includes('CFG106'));
    await replaceLine(document(), 'per_channel=yes', 'per_channel=true');
    await until('the boolean is right', () => !codesOf(uri).includes('CFG106'));
    assert.deepEqual(errorsOf(uri), []);
  });

  const fixes: readonly (readonly [what: string, line: string, code: string, title: RegExp, fixed: string])[] = [
    ['a word', 'activation_quant_method=MAXMIN', 'CFG104', /^Replace with MAX_MIN$/, 'activation_quant_method=MAX_MIN'],
    ['a key', 'quant_tipe=FULL_QUANT', 'CFG108', /^Replace with quant_type$/, 'quant_type=FULL_QUANT'],
    [
      'a key of another section',
      'resize_metod=LINEAR',
      'CFG108',
      /^Move to \[data_preprocess_param\]/,
      'resize_method=LINEAR',
    ],
    ['a node', 'skip_quant_node=conv_1', 'CFG131', /^Replace with conv1$/, 'skip_quant_node=conv1'],
    ['a tensor', 'skip_quant_node=conv1_output', 'CFG133', /^Replace with conv1$/, 'skip_quant_node=conv1'],
    ['too few files', 'calibrate_size=60000', 'DAT102', /^Replace with \d+$/, 'calibrate_size=100'],
    ['channels', 'normalize_mean=[1.0,2.0,3.0]', 'CFG126', /^Replace with \[1\]$/, 'normalize_mean=[1]'],
    ['units', 'normalize_std=[0.5]', 'CFG130', /^Replace with \[127.5\]$/, 'normalize_std=[127.5]'],
    [
      'an input',
      'calibrate_path=img:calibration',
      'SES406',
      /^Replace with image:calibration$/,
      'calibrate_path=image:calibration',
    ],
  ];
  for (const [what, line, code, title, fixed] of fixes) {
    it(`puts ${what} right: ${line}`, async () => {
      const document = await open(await config(`fixed-${code}-${what.replaceAll(' ', '-')}`, [line]));
      const { uri } = document();
      await until(`${code} is said`, () => codesOf(uri).includes(code));
      const [problem] = vscode.languages.getDiagnostics(uri).filter((d) => d.code === code);
      assert(problem);
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        uri,
        problem.range,
      );
      const action = actions.find((a) => title.test(a.title));
      assert(action?.edit, actions.map((a) => a.title).join(' | '));
      assert.equal(action.isPreferred, true);
      await vscode.workspace.applyEdit(action.edit);
      assert(document().getText().split('\n').includes(fixed), document().getText());
      await until(`${code} is gone`, () => !codesOf(uri).includes(code));
    });
  }

  it('formats, outlines and folds', async () => {
    const document = await open(
      await write('plain.cfg', '[common_quant_param]\n bit_num = 8\n[quantscope]\nlabels=a.csv\n'),
    );
    const { uri } = document();
    await until('the language is set', () => document().languageId === LANGUAGE_ID);
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      uri,
    );
    assert.deepEqual(
      symbols.map(({ name, children }) => [name, ...children.map((c) => `${c.name} ${c.detail}`)]),
      [
        ['common_quant_param', 'bit_num 8'],
        ['quantscope', 'labels a.csv'],
      ],
    );
    const folds = await vscode.commands.executeCommand<vscode.FoldingRange[]>(
      'vscode.executeFoldingRangeProvider',
      uri,
    );
    assert.deepEqual(
      folds.map(({ start, end }) => [start, end]),
      [
        [0, 1],
        [2, 3],
      ],
    );
    const edits = await vscode.commands.executeCommand<vscode.TextEdit[]>(
      'vscode.executeFormatDocumentProvider',
      uri,
      {},
    );
    const edit = new vscode.WorkspaceEdit();
    edit.set(uri, edits);
    await vscode.workspace.applyEdit(edit);
    assert.equal(document().getText(), '[common_quant_param]\nbit_num=8\n\n[quantscope]\nlabels=a.csv\n');
  });
});

/** Shows a document; setting its language opens it anew, so it is looked up each time. */
async function open(uri: vscode.Uri): Promise<() => vscode.TextDocument> {
  await vscode.window.showTextDocument(uri, { preview: false });
  return () => {
    const found = vscode.workspace.textDocuments.find((d) => d.uri.toString() === uri.toString());
    assert(found, `${uri.fsPath} is not open`);
    return found;
  };
}

async function complete(name: string, text: string): Promise<vscode.CompletionList> {
  const document = await open(await write(`${name}.cfg`, '[quantscope]\n'));
  await until('the language is set', () => document().languageId === LANGUAGE_ID);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document().uri, new vscode.Range(0, 0, document().lineCount, 0), text);
  await vscode.workspace.applyEdit(edit);
  const end = document().lineAt(document().lineCount - 1).range.end;
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    document().uri,
    end,
  );
  await vscode.commands.executeCommand('workbench.action.files.revert');
  return list;
}

function labelOf({ label }: vscode.CompletionItem): string {
  return typeof label === 'string' ? label : label.label;
}

async function hover(document: vscode.TextDocument, line: number, character: number): Promise<string> {
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    'vscode.executeHoverProvider',
    document.uri,
    new vscode.Position(line, character),
  );
  return hovers
    .flatMap((h) => h.contents.map((c) => (c instanceof vscode.MarkdownString ? c.value : String(c))))
    .join('\n');
}

async function insert(document: vscode.TextDocument, where: 'end', text: string): Promise<void> {
  assert.equal(where, 'end');
  const edit = new vscode.WorkspaceEdit();
  edit.insert(document.uri, document.lineAt(document.lineCount - 1).range.end, text);
  assert(await vscode.workspace.applyEdit(edit));
}

async function replaceLine(document: vscode.TextDocument, from: string, to: string): Promise<void> {
  const at = document.getText().indexOf(from);
  assert(at >= 0, from);
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(document.positionAt(at), document.positionAt(at + from.length)), to);
  assert(await vscode.workspace.applyEdit(edit));
}

function codesOf(uri: vscode.Uri): string[] {
  return vscode.languages.getDiagnostics(uri).map((d) => String(d.code));
}

function errorsOf(uri: vscode.Uri): string[] {
  const found = vscode.languages.getDiagnostics(uri).filter((d) => d.severity === vscode.DiagnosticSeverity.Error);
  return found.map((d) => d.message);
}
