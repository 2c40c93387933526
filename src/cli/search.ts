import { resolve } from 'node:path';
import type { AbortSignalLike } from '../base/abort.ts';
import { applyChange, overrideWordsOf } from '../config/changes.ts';
import { skipNodesOf } from '../config/skipNodes.ts';
import { clock } from '../node/clock.ts';
import { startEngine } from '../node/engine.ts';
import { runCommand } from '../node/runCommand.ts';
import type { SearchRequest, SearchStep, SearchView } from '../protocol/searchViews.ts';
import { createSession } from '../session/index.ts';
import type { Command } from './args.ts';
import { EXIT } from './exitCodes.ts';
import { foundUnderLimits, refuseOtherFigures } from './failUnder.ts';
import { files, readConfig, writeJson } from './files.ts';
import { progressBar } from './progress.ts';
import type { SearchWish } from './searchArgs.ts';
import { formatBytes, formatFigure, formatSamples, formatTable } from './table.ts';

type SearchCommand = Extract<Command, { kind: 'search' }>;

/** `search`: what of a config to change for a goal; exit 4 where nothing that was tried reaches it. */
export async function searchCommand(command: SearchCommand, signal: AbortSignalLike): Promise<number> {
  const bar = progressBar(process.stderr, clock.now);
  const engine = startEngine(command.threads, command);
  try {
    const parts = { kernels: engine.kernels, files, clock, onProgress: bar.update, runCommand };
    const session = createSession(parts);
    await session.open(resolve(command.model));
    const configText = await readConfig(command.config);
    const run = await session.quantize({ configText, configPath: resolve(command.config), dims: command.dims }, signal);
    const request = requestOf(command.wish, run.sizes.float, run.samples);
    refuseOtherFigures(command.failUnder, request.judge.id);
    const view = await session.searches.run(request, () => undefined, signal);
    bar.clear();
    const change = view.best?.change ?? {};
    if (command.json !== '-') console.log(textOf(view));
    if (command.outputConfig !== undefined) {
      await files.write(resolve(command.outputConfig), applyChange(configText, change));
      if (command.json !== '-') console.log(`\nconfig: ${resolve(command.outputConfig)}`);
    } else if (command.json !== '-' && linesOf(view).length > 0) console.log(`\n${linesOf(view).join('\n')}`);
    if (command.json !== undefined) await writeJson(command.json, jsonOf(view, run.model, run.config));
    const missed = foundUnderLimits(command.failUnder, view.best ?? undefined);
    for (const line of missed) console.error(line);
    return view.best?.reached && missed.length === 0 ? EXIT.good : EXIT.missed;
  } finally {
    bar.clear();
    engine.close();
  }
}

function requestOf({ goal, ...wish }: SearchWish, floatBytes: number, samples: number): SearchRequest {
  const counts = { ...wish, samples: Math.min(wish.samples, samples) };
  if (!('share' in goal)) return { ...counts, goal };
  return { ...counts, goal: { kind: 'bits', bytes: Math.floor(goal.share * floatBytes) } };
}

const ENDS: Readonly<Record<NonNullable<SearchView['ended']>, string>> = {
  found: 'nothing better among the neighbours of the best',
  budget: 'the budget is spent',
  impossible: 'out of reach, whatever is changed',
  cancelled: 'cancelled',
};

/** What was measured on all samples, what else was tried, and what came of it. */
function textOf({ request, float, quantized, target, tried, best, ended, elapsedMs }: SearchView): string {
  const { goal, judge, samples } = request;
  const name = judge.id === 'command' ? judge.command : judge.id;
  const asked =
    goal.kind === 'bits' ? `weights of at most ${formatBytes(goal.bytes)}` : `${name} ${formatFigure(target)}`;
  const rows = tried.flatMap((step, i) => (step.move === 'verify' ? [rowOf(step, i, step === best)] : []));
  const header = ['', 'nodes', name, 'weights', 'reached'];
  const moves = [...new Set(tried.map((t) => t.move))];
  const counts = moves.map((move) => `${move} ${tried.filter((t) => t.move === move).length}`);
  return [
    `asked for: ${asked}; float ${formatFigure(float)}, the config as it is ${formatFigure(quantized)} (${formatSamples(samples)})`,
    '',
    formatTable(header, rows, new Set([0, 1, 2, 3])),
    '',
    `${tried.length} candidate${tried.length === 1 ? '' : 's'} measured in ${(elapsedMs / 1000).toFixed(1)} s (${counts.join(', ')}): ${ended === null ? '' : ENDS[ended]}`,
    best === null ? 'nothing was measured' : bestText(best),
  ].join('\n');
}

function bestText({ reached, handles, value, bytes }: SearchStep): string {
  const what = reached ? 'reaches it' : 'does not reach it, but comes nearest';
  const nodes = `a change of ${handles.length} node${handles.length === 1 ? '' : 's'}`;
  return `${handles.length === 0 ? 'the config as it is' : nodes} ${what}: ${formatFigure(value)}, weights ${formatBytes(bytes)}`;
}

function rowOf({ handles, value, bytes, reached }: SearchStep, index: number, isBest: boolean): string[] {
  return [
    `${isBest ? '* ' : ''}${index + 1}`,
    String(handles.length),
    formatFigure(value),
    formatBytes(bytes),
    reached ? 'yes' : 'no',
  ];
}

/** The lines of the config that the best candidate changes, as they are to be. */
function linesOf({ configText, best }: SearchView): string[] {
  const text = applyChange(configText, best?.change ?? {});
  const { skip = [], overrides = {} } = best?.change ?? {};
  const words = [...overrideWordsOf(text)].map(([name, said]) => `${name}:${said}`);
  return [
    ...(skip.length > 0 ? ['[common_quant_param]', `skip_quant_node=${skipNodesOf(text).join(',')}`] : []),
    ...(Object.keys(overrides).length > 0 ? ['[quantscope]', `node_overrides=${words.join(',')}`] : []),
  ];
}

/** The stable form for scripts: infinities and what is no number become null. */
function jsonOf(view: SearchView, model: string, config: string): unknown {
  const finite = (x: number | null): number | null => (x !== null && Number.isFinite(x) ? x : null);
  const stepOf = ({ change, ...step }: SearchStep) => ({
    ...step,
    value: finite(step.value),
    skip: change.skip ?? [],
    overrides: change.overrides ?? {},
  });
  const { request, float, quantized, target, tried, best, ended, elapsedMs } = view;
  return {
    model,
    config,
    ...request,
    float: finite(float),
    quantized: finite(quantized),
    target: finite(target),
    ended,
    reached: best?.reached ?? false,
    best: best && stepOf(best),
    lines: linesOf(view),
    tried: tried.map(stepOf),
    elapsedMs,
  };
}
