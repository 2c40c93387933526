import { resolve } from 'node:path';
import type { AbortSignalLike } from '../base/abort.ts';
import { clock } from '../node/clock.ts';
import { startEngine } from '../node/engine.ts';
import { runCommand } from '../node/runCommand.ts';
import type { SensitivityEntry, SensitivityView } from '../protocol/sensitivityViews.ts';
import { createSession } from '../session/index.ts';
import type { Command } from './args.ts';
import { EXIT } from './exitCodes.ts';
import { underLimits } from './failUnder.ts';
import { files, readConfig, writeJson } from './files.ts';
import { progressBar } from './progress.ts';
import { formatDb, formatFigure, formatSamples, formatTable } from './table.ts';

type SensitivityCommand = Extract<Command, { kind: 'sensitivity' }>;

/** `sensitivity`: what each node costs at the output, worst first; exit 4 where the run is below a limit. */
export async function sensitivityCommand(command: SensitivityCommand, signal: AbortSignalLike): Promise<number> {
  const bar = progressBar(process.stderr, clock.now);
  const engine = startEngine(command.threads, command);
  try {
    const { kernels, crew } = engine;
    const session = createSession({ kernels, crew, files, clock, onProgress: bar.update, runCommand });
    await session.open(resolve(command.model));
    const configText = await readConfig(command.config);
    const run = await session.quantize({ configText, configPath: resolve(command.config), dims: command.dims }, signal);
    const missed = underLimits(command.failUnder, run);
    const view = await session.sweeps.run(command.request, [], () => undefined, signal);
    bar.clear();
    if (command.json !== '-') console.log(textOf(view));
    if (command.json !== undefined) await writeJson(command.json, jsonOf(view, run.model, run.config));
    for (const line of missed) console.error(line);
    return missed.length > 0 ? EXIT.missed : EXIT.good;
  } finally {
    bar.clear();
    engine.close();
  }
}

const TITLES: Readonly<Record<SensitivityView['request']['mode'], string>> = {
  layerwise: 'each node quantized alone',
  leaveOneOut: 'each node left float alone',
  local: 'each node alone on float inputs',
};

function textOf({ request, float, quantized, samples, entries, elapsedMs }: SensitivityView): string {
  const { mode, part, judge } = request;
  const name = judge.id === 'command' ? judge.command : judge.id;
  const gain = mode === 'leaveOneOut' ? 'wins' : 'loses';
  const header = ['', 'node', 'operator', ...(mode === 'local' ? [] : [name]), gain, 'alone dB', 'samples'];
  const rows = entries.map((e, i) => [
    String(i + 1),
    e.handle,
    e.opType,
    ...(mode === 'local' ? [] : [formatFigure(e.value)]),
    formatFigure(e.loss),
    formatDb(e.localSqnrDb),
    e.loss === null ? '' : String(e.samples ?? samples),
  ]);
  const numbers = new Set(header.keys());
  numbers.delete(1);
  numbers.delete(2);
  const without = part === 'both' ? 0 : entries.filter((e) => e.loss === null).length;
  return [
    `${TITLES[mode]}${part === 'both' ? '' : `, its ${part}`}: ${name} of ${formatSamples(samples)}; float ${formatFigure(float)}, quantized ${formatFigure(quantized)}`,
    '',
    formatTable(header, rows, numbers),
    '',
    ...(without === 0 ? [] : [`without a value, for their ${part} are not quantized: ${without}`]),
    `${entries.length} nodes in ${(elapsedMs / 1000).toFixed(1)} s`,
  ].join('\n');
}

/** The stable form for scripts, see docs/sensitivity.md: infinities and what is no number become null. */
function jsonOf(view: SensitivityView, model: string, config: string): unknown {
  const finite = (x: number | null): number | null => (x !== null && Number.isFinite(x) ? x : null);
  const { request, float, quantized, samples, entries, elapsedMs } = view;
  return {
    model,
    config,
    ...request,
    samples,
    float: finite(float),
    quantized: finite(quantized),
    nodes: entries.map((e: SensitivityEntry) => ({
      handle: e.handle,
      opType: e.opType,
      value: finite(e.value),
      loss: finite(e.loss),
      localSqnrDb: finite(e.localSqnrDb),
      samples: e.loss === null ? 0 : (e.samples ?? samples),
    })),
    elapsedMs,
  };
}
