import { dirname, resolve } from 'node:path';
import type { AbortSignalLike } from '../base/abort.ts';
import { formatDiagnostic } from '../base/diagnostics.ts';
import { withSettings } from '../config/edits.ts';
import { clock } from '../node/clock.ts';
import { startEngine } from '../node/engine.ts';
import type { RunView } from '../protocol/views.ts';
import { createSession } from '../session/index.ts';
import type { Command } from './args.ts';
import { EXIT } from './exitCodes.ts';
import { underLimits } from './failUnder.ts';
import { files, readConfig, writeJson } from './files.ts';
import { progressBar } from './progress.ts';
import { requantizerTable } from './requantizers.ts';
import { skipForms } from './skipForms.ts';
import { summary } from './summary.ts';

type Quantize = Extract<Command, { kind: 'quantize' }>;

/** `quantize`: calibrates, quantizes, evaluates, writes what was asked for, and prints a summary. */
export async function quantizeCommand(command: Quantize, signal: AbortSignalLike): Promise<number> {
  const bar = progressBar(process.stderr, clock.now);
  const engine = startEngine(command.threads, command);
  try {
    const session = createSession({ kernels: engine.kernels, files, clock, onProgress: bar.update, whatIfBytes: 0 });
    const graph = await session.open(resolve(command.model));
    const { configPath, configText } = await configOf(command);
    for (const note of command.notes) console.error(formatDiagnostic(note));
    const run = await session.quantize(
      {
        configText,
        configPath,
        ...(command.report === undefined ? {} : { reportFolder: resolve(command.report) }),
        dims: command.dims,
        compareRequantizers: command.compareRequantizers,
      },
      signal,
    );
    const exported =
      command.output === undefined ? [] : await session.exportModel(resolve(command.output), command.exportFormat);
    bar.clear();
    const quiet = command.json === '-';
    if (!quiet) console.log(summary(run));
    if (!quiet && command.compareRequantizers) console.log(`\n${requantizerTable(run.requantizers)}`);
    if (!quiet && run.reportFolder !== null) console.log(`\nreports: ${run.reportFolder}`);
    if (!quiet && command.output !== undefined) console.log(`model: ${resolve(command.output)}`);
    if (!quiet) for (const diagnostic of exported) console.log(formatDiagnostic(diagnostic));
    if (!quiet && command.printSkips) console.log(`\n${skipForms(graph, run)}`);
    if (command.json !== undefined) await writeJson(command.json, jsonOf(run));
    const missed = underLimits(command.failUnder, run);
    for (const line of missed) console.error(line);
    return missed.length > 0 ? EXIT.missed : EXIT.good;
  } finally {
    bar.clear();
    engine.close();
  }
}

/** The config as the run is to see it: what the options of converter_lite say stands over the file's own text. */
async function configOf({ config, settings, model }: Quantize): Promise<{ configPath: string; configText: string }> {
  if (config === undefined) {
    return { configPath: resolve(dirname(model), 'command line'), configText: withSettings('', settings) };
  }
  const text = await readConfig(config);
  return { configPath: resolve(config), configText: withSettings(text, settings) };
}

/** The stable form for scripts: infinities become null, rates are fractions. */
function jsonOf(run: RunView): unknown {
  const db = (x: number | null): number | null => (x === Number.POSITIVE_INFINITY ? null : x);
  return {
    model: run.model,
    config: run.config,
    quantType: run.quantType,
    method: run.method,
    elapsedMs: run.elapsedMs,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    outputs: run.outputs.map((o) => ({ ...o, sqnrDb: db(o.sqnrDb) })),
    nodes: run.nodes.map((n) => ({
      handle: n.handle,
      opType: n.opType,
      form: n.form,
      precision: n.precision,
      quantized: n.quantized,
      why: n.why,
      cosine: n.cosine,
      sqnrDb: db(n.sqnrDb),
      localSqnrDb: db(n.localSqnrDb),
      clipRate: n.clipRate,
    })),
    accuracy: run.accuracy,
    sizes: run.sizes,
    autoTune: run.autoTune,
    differences: run.differences,
    clusters: run.clusters && {
      ...run.clusters,
      tensors: run.clusters.tensors.map((t) => ({ ...t, sqnrDb: db(t.sqnrDb) })),
    },
    requantizers: run.requantizers,
    diagnostics: run.diagnostics,
  };
}
