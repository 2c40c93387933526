import * as path from 'node:path';
import * as vscode from 'vscode';
import type { WorkerRequests } from '../../protocol/messages.ts';
import { type OpenModel, VIEW_TYPE } from '../editor/registry.ts';
import { fileOfModel } from '../runs/runAddress.ts';
import type { Deps } from './deps.ts';
import { modelUri, registerCommand } from './target.ts';

type QuantType = WorkerRequests['config/template']['params']['quantType'];

/** Registers "New Quantization Config from Template…". */
export function registerNewConfig(deps: Deps): vscode.Disposable {
  return registerCommand(deps, 'newConfig', async (argument) => {
    const model = modelUri(argument);
    if (model !== undefined) await newConfig(deps, model);
  });
}

/** Writes a config filled in for `model` beside it and opens it; asks which kind. */
export async function newConfig(deps: Deps, model: vscode.Uri): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showQuickPick(templates(), {
    title: vscode.l10n.t('New Config for {0}', path.basename(model.fsPath)),
    placeHolder: vscode.l10n.t('Kind of quantization'),
  });
  if (chosen === undefined) return undefined;
  const { session } = await showGraph(deps, model);
  const { quantType } = chosen;
  const { configText } = await (await session.ready()).request('config/template', { quantType });
  const config = await freeName(model, `${path.parse(model.fsPath).name}_${quantType.toLowerCase()}`);
  await vscode.workspace.fs.writeFile(config, new TextEncoder().encode(configText));
  await vscode.window.showTextDocument(config, { viewColumn: vscode.ViewColumn.Beside, preview: false });
  return config;
}

/** Opens or reveals the graph of `model` and returns its open model. */
export async function showGraph({ sessions }: Deps, model: vscode.Uri): Promise<OpenModel> {
  await vscode.commands.executeCommand('vscode.openWith', model, VIEW_TYPE);
  const open = sessions.get(model);
  if (open === undefined) throw new Error(vscode.l10n.t('{0} did not open', path.basename(model.fsPath)));
  await open.session.graph();
  return open;
}

function templates(): (vscode.QuickPickItem & { readonly quantType: QuantType })[] {
  return [
    {
      label: vscode.l10n.t('Full quantization'),
      description: 'FULL_QUANT',
      detail: vscode.l10n.t('Weights and activations as 8-bit integers; needs calibration data'),
      quantType: 'FULL_QUANT',
    },
    {
      label: vscode.l10n.t('Weight quantization'),
      description: 'WEIGHT_QUANT',
      detail: vscode.l10n.t('Weights as integers, computed in float; needs no data'),
      quantType: 'WEIGHT_QUANT',
    },
    {
      label: vscode.l10n.t('Dynamic quantization'),
      description: 'DYNAMIC_QUANT',
      detail: vscode.l10n.t('Weights as integers, activations quantized while running; needs no data'),
      quantType: 'DYNAMIC_QUANT',
    },
    {
      label: vscode.l10n.t('Mixed-bit weight quantization'),
      description: 'MIXED_BIT',
      detail: vscode.l10n.t('A bit width of its own for every weight, found by search'),
      quantType: 'MIXED_BIT',
    },
  ];
}

/** `stem.cfg` beside the model, or `stem-2.cfg` and so on: nothing is overwritten. */
async function freeName(model: vscode.Uri, stem: string): Promise<vscode.Uri> {
  const folder = vscode.Uri.joinPath(fileOfModel(model), '..');
  const taken = new Set((await vscode.workspace.fs.readDirectory(folder)).map(([name]) => name));
  let name = `${stem}.cfg`;
  for (let i = 2; taken.has(name); i++) name = `${stem}-${i}.cfg`;
  return vscode.Uri.joinPath(folder, name);
}
