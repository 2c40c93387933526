import * as vscode from 'vscode';
import { causeRow, cureTitle } from '../../protocol/causes.ts';
import { preparationText } from '../../protocol/dataLabels.ts';
import type { Cure, DataFinding, Evidence } from '../../protocol/diagnosisViews.ts';
import { changeLabel } from '../commands/changeConfig.ts';
import { gainText, judgedText, judgeTitle } from '../findings/judgeText.ts';
import { formatDb } from '../runSummary.ts';
import { formatBytes } from '../runs/describeRun.ts';
import type { MeasuredChange, Suggestion } from './suggestions.ts';

/** What a change whose effect was measured is called. */
export function changeTitle({ change, source }: MeasuredChange): string {
  const { t } = vscode.l10n;
  if (source.from === 'data') return preparationText(source.finding.label, (text, ...args) => t(text, ...args));
  if (source.from === 'search') {
    const { goal } = source.search.request;
    const count = goal.kind === 'bits' ? Object.keys(change.overrides ?? {}).length : source.step.handles.length;
    if (goal.kind === 'bits') return count === 1 ? t('Bits of 1 node') : t('Bits of {0} nodes', count);
    return count === 1 ? t('Leave 1 node float') : t('Leave {0} nodes float', count);
  }
  const title = cureText(source.cure);
  return source.cause === null ? title : `${source.cause.handle}: ${title}`;
}

function cureText({ kind, nodes }: Cure): string {
  const title = vscode.l10n.t(cureTitle(kind));
  return nodes === undefined ? title : `${title} (${nodes})`;
}

/** What a change won. */
export function changeGain({ judge, source }: MeasuredChange): string {
  if (source.from === 'cure') return gainText(judge, source.cure.before, source.cure.after);
  if (source.from === 'search') return gainText(judge, source.search.quantized, source.step.value);
  return evidenceText(source.finding.evidence[0]);
}

/** A line of the view. */
export function itemOf(suggestion: Suggestion): vscode.TreeItem {
  const item = plainItem(suggestion);
  item.contextValue = suggestion.kind;
  const said = [item.label, item.description].filter((part) => part !== undefined && part !== '');
  item.accessibilityInformation = { label: said.join(', ') };
  const command = commandOf(suggestion);
  if (command !== undefined) item.command = command;
  return item;
}

function plainItem(suggestion: Suggestion): vscode.TreeItem {
  switch (suggestion.kind) {
    case 'skip':
      return skipItem(suggestion);
    case 'fix':
      return fixItem(suggestion);
    case 'diagnose':
      return diagnoseItem();
    case 'cause':
      return causeItem(suggestion);
    case 'data':
      return dataItem(suggestion.finding);
    case 'change':
      return changeItem(suggestion);
  }
}

/** A click shows what it is about; the button beside it carries it out. */
function commandOf(suggestion: Suggestion): vscode.Command | undefined {
  const nodeId = nodeOf(suggestion);
  if (nodeId !== undefined) {
    const title = vscode.l10n.t('Show in Graph');
    return { command: 'quantscope.revealNode', title, arguments: [{ nodeId }] };
  }
  switch (suggestion.kind) {
    case 'diagnose':
      return { command: 'quantscope.diagnose', title: vscode.l10n.t('Diagnose…') };
    case 'data':
      return undefined;
    default:
      return { command: 'quantscope.openConfig', title: vscode.l10n.t('Open Config') };
  }
}

function nodeOf(suggestion: Suggestion): number | undefined {
  if (suggestion.kind === 'skip') return suggestion.node.nodeId;
  if (suggestion.kind === 'cause') return suggestion.cause.nodeId;
  if (suggestion.kind !== 'change' || suggestion.source.from !== 'cure') return undefined;
  return suggestion.source.cause?.nodeId;
}

function skipItem({ node, localSqnrDb }: Extract<Suggestion, { kind: 'skip' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Try {0} in float', node.handle));
  item.description = vscode.l10n.t('{0} · own SQNR {1}', node.opType, formatDb(localSqnrDb));
  item.tooltip = vscode.l10n.t(
    'Quantized alone on its float inputs, this node has an SQNR of {0}: one of the lowest of this run. Whether skipping it helps the output is seen by trying.',
    formatDb(localSqnrDb),
  );
  item.iconPath = new vscode.ThemeIcon('circle-slash');
  return item;
}

function fixItem({ diagnostic, fix }: Extract<Suggestion, { kind: 'fix' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(fix.title);
  item.description = diagnostic.code;
  item.tooltip = diagnostic.message;
  item.iconPath = new vscode.ThemeIcon('lightbulb');
  return item;
}

function diagnoseItem(): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Diagnose…'));
  item.description = vscode.l10n.t('causes, and cures that were tried');
  item.tooltip = vscode.l10n.t(
    'Names the causes of the error by measured figures, tries what may help, and offers what did.',
  );
  item.iconPath = new vscode.ThemeIcon('beaker');
  return item;
}

function causeItem({ cause, cures }: Extract<Suggestion, { kind: 'cause' }>): vscode.TreeItem {
  const { t } = vscode.l10n;
  const row = causeRow(cause.id);
  const item = new vscode.TreeItem(cause.handle, vscode.TreeItemCollapsibleState.Expanded);
  if (cures.length === 0) item.collapsibleState = vscode.TreeItemCollapsibleState.None;
  item.description = t(row.title);
  item.id = `cause ${cause.id} ${cause.handle}`;
  const tooltip = new vscode.MarkdownString();
  tooltip.appendText(`${cause.handle} (${cause.opType}): ${t(row.title)}`);
  tooltip.appendMarkdown('\n\n');
  tooltip.appendText(t(row.doc));
  for (const evidence of cause.evidence) {
    tooltip.appendMarkdown('\n\n- ');
    tooltip.appendText(evidenceText(evidence));
  }
  if (cures.length === 0) {
    tooltip.appendMarkdown('\n\n');
    tooltip.appendText(
      cause.tried.length === 0
        ? t('Nothing was tried against it.')
        : cause.tried.length === 1
          ? t('1 change was tried; it does not help.')
          : t('{0} changes were tried; none of them helps.', cause.tried.length),
    );
  }
  item.tooltip = tooltip;
  item.iconPath = new vscode.ThemeIcon('bug');
  return item;
}

function dataItem(finding: DataFinding): vscode.TreeItem {
  const { t } = vscode.l10n;
  const item = new vscode.TreeItem(
    finding.kind === 'oddSample' ? t('Odd sample: {0}', finding.sample) : t('Too few calibration samples'),
  );
  item.description = evidenceText(finding.evidence[0]);
  item.tooltip = finding.evidence.map(evidenceText).join('\n');
  item.iconPath = new vscode.ThemeIcon('database');
  return item;
}

function changeItem(suggestion: MeasuredChange): vscode.TreeItem {
  const { t } = vscode.l10n;
  const { change, source, judge } = suggestion;
  // Below its cause the node is said already.
  const title = source.from === 'cure' ? cureText(source.cure) : changeTitle(suggestion);
  const item = new vscode.TreeItem(title);
  item.description = changeGain(suggestion);
  const lines = [changeLabel(change), changeGain(suggestion)];
  if (source.from === 'cure') {
    lines.push(t('Size {0}', signedBytes(source.cure.bytes)));
    lines.push(t('Integer share of the work {0}', `${(source.cure.integerShare * 100).toFixed(1)} %`));
  }
  if (source.from === 'search' && source.search.target !== null)
    lines.push(t('Asked for: {0} {1}', judgeTitle(judge), judgedText(judge, source.search.target)));
  if (source.from === 'data') lines.push(...source.finding.evidence.map(evidenceText));
  item.tooltip = lines.join('\n');
  item.iconPath = new vscode.ThemeIcon(source.from === 'search' ? 'target' : 'wand');
  return item;
}

/** `Values beyond the range: 12.3 %`, with what is healthy where that is known. */
export function evidenceText(evidence: Evidence | undefined): string {
  if (evidence === undefined) return '';
  const { t } = vscode.l10n;
  const { label, value, healthy, tensor } = evidence;
  const figure = `${t(label)}: ${valueText(evidence, value)}`;
  const limit = healthy === undefined ? '' : ` (${t('healthy: {0}', valueText(evidence, healthy))})`;
  return tensor === undefined ? `${figure}${limit}` : `${figure}${limit} · ${tensor}`;
}

function valueText({ unit }: Evidence, value: number): string {
  switch (unit) {
    case 'share':
      return `${Number((value * 100).toPrecision(3))} %`;
    case 'dB':
      return formatDb(value);
    case 'bytes':
      return formatBytes(value);
    case 'ratio':
      return `${Number(value.toPrecision(3))}×`;
    case 'count':
    case 'number':
      return String(Number(value.toPrecision(4)));
  }
}

function signedBytes(bytes: number): string {
  return `${bytes < 0 ? '−' : '+'}${formatBytes(Math.abs(bytes))}`;
}
