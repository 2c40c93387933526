import * as vscode from 'vscode';
import type { JudgeChoice } from '../../protocol/sensitivityViews.ts';
import type { RunView } from '../../protocol/views.ts';
import { judgeCommand } from '../findings/judgeCommand.ts';

interface Item<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** Lets the user choose among values; undefined when nothing was. The only one is chosen without asking. */
export async function choose<T>(title: string, items: readonly Item<T>[]): Promise<T | undefined> {
  const [only, ...others] = items;
  if (only !== undefined && others.length === 0) return only.value;
  return (await vscode.window.showQuickPick(items, { title }))?.value;
}

/** The metric that outputs are judged by: those that the run's data allow, and a command of the user's. */
export function chooseJudge(run: RunView, model: vscode.Uri): Promise<JudgeChoice | undefined> {
  const { t } = vscode.l10n;
  const items: Item<JudgeChoice>[] = [
    { label: t('Cosine similarity'), value: { id: 'cosine' } },
    { label: t('SQNR'), value: { id: 'sqnrDb' } },
    { label: t('Mean squared error'), value: { id: 'mse' } },
  ];
  if (run.accuracy !== null) items.push({ label: t('Top-1'), value: { id: 'top1' } });
  if (run.accuracy?.top5 != null) items.push({ label: t('Top-5'), value: { id: 'top5' } });
  const command = judgeCommand(model);
  if (command !== null)
    items.push({ label: t('Your command'), description: command.command, value: { id: 'command', ...command } });
  return choose(t('What the outputs are judged by'), items);
}

/** How many evaluation samples, from the first: all of the run's unless the user says fewer. */
export async function chooseSamples({ samples }: RunView): Promise<number | undefined> {
  if (samples <= 1) return samples;
  const few = [1, 8, 32].filter((count) => count < samples);
  const { t } = vscode.l10n;
  return choose(t('Evaluation samples'), [
    { label: String(samples), description: t('all of the run'), value: samples },
    ...few.reverse().map((count) => ({ label: String(count), value: count })),
  ]);
}

/** A number within limits; undefined when the question was left. */
export async function askNumber(options: {
  readonly title: string;
  readonly prompt: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
}): Promise<number | undefined> {
  const { title, prompt, value, least, most } = options;
  const answer = await vscode.window.showInputBox({
    title,
    prompt,
    value: String(value),
    validateInput: (text) => {
      const number = Number(text);
      if (text.trim() !== '' && number >= least && number <= most) return undefined;
      return Number.isFinite(most)
        ? vscode.l10n.t('A number from {0} to {1}', least, most)
        : vscode.l10n.t('A number of {0} or more', least);
    },
  });
  return answer === undefined ? undefined : Number(answer);
}
