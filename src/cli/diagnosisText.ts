import { applyChange, overrideWordsOf } from '../config/changes.ts';
import { skipNodesOf } from '../config/skipNodes.ts';
import { causeRow, cureTitle } from '../protocol/causes.ts';
import type { ConfigChange } from '../protocol/changes.ts';
import type { Cause, Cure, DataFinding, DiagnosisView, Evidence, Reference } from '../protocol/diagnosisViews.ts';
import { formatBytes, formatFigure, formatSamples, formatStep } from './table.ts';

/** A diagnosis for people: causes with their evidence, cures with what they win and the lines that apply them. */
export function diagnosisText(view: DiagnosisView): string {
  const { request, float, quantized, samples, causes, data, reference, together, whole, configText } = view;
  const name = request.judge.id === 'command' ? request.judge.command : request.judge.id;
  return [
    `${name}: float ${format(float)}, quantized ${format(quantized)} (${formatSamples(samples)})`,
    ...data.filter(isCalledFor).flatMap((finding) => dataLines(finding, configText)),
    ...(causes.length === 0 ? ['', 'no node is to blame for what can be measured'] : []),
    ...causes.flatMap((cause, i) => causeLines(cause, i + 1, configText)),
    ...(together === null ? [] : ['', `together: ${cureLine(together)}`, ...linesOf(configText, together.change)]),
    ...wholeLines(whole, configText),
    ...data.filter((f) => !isCalledFor(f)).flatMap((finding) => dataLines(finding, configText)),
    ...(reference === null ? [] : ['', referenceLine(reference)]),
    '',
    `${(view.elapsedMs / 1000).toFixed(1)} s`,
  ].join('\n');
}

function causeLines({ id, handle, opType, blame, evidence, cures, tried }: Cause, n: number, text: string): string[] {
  const share = blame === 0 ? '' : `, loss ${format(blame)}`;
  return [
    '',
    `${n}. ${handle} (${opType}${share}): ${causeRow(id).title}`,
    ...evidence.map((e) => `     ${evidenceText(e)}`),
    ...cures.flatMap((cure) => [`   + ${cureLine(cure)}`, ...linesOf(text, cure.change)]),
    ...(tried.length === 0 ? [] : [`   - no help: ${[...new Set(tried.map((c) => cureTitle(c.kind)))].join(', ')}`]),
  ];
}

/** The lines of the config that apply it are those of the first: they name many nodes, and `--json` has them all. */
function wholeLines(whole: DiagnosisView['whole'], text: string): string[] {
  const [best, ...others] = whole?.cures ?? [];
  if (best === undefined) return [];
  return [
    '',
    'the model as a whole: one cure is not enough; the nodes are those that lose most when they alone are quantized',
    ...[`   + ${cureLine(best)}`, ...linesOf(text, best.change)],
    ...others.map((cure) => `   + ${cureLine(cure)}`),
  ];
}

function cureLine({ kind, nodes, before, after, bytes, integerShare, wideShare }: Cure): string {
  const size = bytes === 0 ? '' : `, ${bytes > 0 ? '+' : '-'}${formatBytes(Math.abs(bytes))}`;
  const count = nodes === undefined ? '' : ` (${nodes})`;
  const wide = wideShare > 0 ? `, ${percent(wideShare)} on 16-bit codes` : '';
  return `${cureTitle(kind)}${count}: ${formatStep(before, after)}${size}, ${percent(integerShare)} of the MACs on integers${wide}`;
}

function evidenceText({ label, value, unit, healthy, tensor, channel, sample }: Evidence): string {
  const units: Readonly<Record<Evidence['unit'], (x: number) => string>> = {
    share: percent,
    ratio: (x) => `${format(x, 4)}x`,
    dB: (x) => (x === Number.POSITIVE_INFINITY ? 'exact' : `${x.toFixed(1)} dB`),
    count: (x) => format(x, 4),
    bytes: formatBytes,
    number: (x) => format(x, 4),
  };
  const where = [tensor, channel === undefined ? undefined : `channel ${channel}`, sample].filter(
    (x) => x !== undefined,
  );
  const good = healthy === undefined ? '' : ` (healthy: ${units[unit](healthy)})`;
  return `${label}: ${units[unit](value)}${good}${where.length === 0 ? '' : ` - ${where.join(', ')}`}`;
}

function isCalledFor(finding: DataFinding): boolean {
  return finding.kind === 'oddSample' || finding.advised;
}

function dataLines(finding: DataFinding, configText: string): string[] {
  const evidence = finding.evidence.map((e) => `     ${evidenceText(e)}`);
  switch (finding.kind) {
    case 'preprocessing':
      if (!finding.advised) return [];
      return [
        '',
        `! ${causeRow('preprocessing').title}: ${finding.label}`,
        ...evidence,
        ...linesOf(configText, finding.change),
      ];
    case 'oddSample':
      return ['', `! sample ${finding.sample} is unlike the others`, ...evidence];
    case 'tooFewSamples': {
      const growth = finding.growth.map(({ samples, range }) => `${samples}: ${percent(range)}`).join(', ');
      const title = finding.advised ? '! the ranges still grow: more calibration samples' : 'ranges by samples';
      return ['', `${title} (${growth})`, ...evidence];
    }
  }
}

function referenceLine(reference: Reference): string {
  if (reference.kind === 'rmseScale') {
    const { healthy, worst, above, nodes } = reference;
    return `RMSE/scale: ${format(worst, 3)} at worst, ${above} of ${nodes} nodes well above the healthy ${format(healthy, 3)}`;
  }
  const { enough, floatTop1, margin } = reference;
  const good = enough === null ? 'no cosine that was tried is enough' : `a cosine of ${format(enough)} is enough`;
  return `${good} for a top-1 within ${percent(margin)} of the float model's ${percent(floatTop1)}`;
}

/** Lines of the config as they are to be, by section. */
function linesOf(configText: string, change: ConfigChange): string[] {
  const text = applyChange(configText, change);
  const { skip = [], unskip = [], overrides = {}, settings = [] } = change;
  const words = [...overrideWordsOf(text)].map(([name, said]) => `${name}:${said}`);
  const lines = [
    ...(skip.length + unskip.length === 0
      ? []
      : [`[common_quant_param] skip_quant_node=${skipNodesOf(text).join(',')}`]),
    ...(Object.keys(overrides).length === 0 ? [] : [`[quantscope] node_overrides=${words.join(',')}`]),
    ...settings.map(({ section, key, value }) => `[${section}] ${key}=${value}`),
  ];
  return lines.map((line) => `       ${line}`);
}

function format(value: number, digits = 6): string {
  return Number.isNaN(value) ? '' : formatFigure(value, digits);
}

function percent(x: number): string {
  return `${format(100 * x, 3)} %`;
}
