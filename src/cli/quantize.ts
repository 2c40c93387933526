import { resolve } from 'node:path';
import type { AbortSignalLike } from '../base/abort.ts';
import { DiagnosticError, formatDiagnostic } from '../base/diagnostics.ts';
import { clock } from '../node/clock.ts';
import { nodeFiles } from '../node/files.ts';
import type { RunView } from '../protocol/views.ts';
import { createSession } from '../session/index.ts';
import type { Command } from './args.ts';
import { EXIT, exitCodeOf } from './exitCodes.ts';
import { startEngine } from './kernels.ts';
import { progressBar } from './progress.ts';
import { summary } from './summary.ts';

type Quantize = Extract<Command, { kind: 'quantize' }>;

/** `quantize`: calibrates, quantizes, evaluates, writes what was asked for, and prints a summary. */
export async function quantizeCommand(command: Quantize, signal: AbortSignalLike): Promise<number> {
  const bar = progressBar(process.stderr, clock.now);
  const engine = startEngine(command.threads);
  try {
    const session = createSession({ kernels: engine.kernels, files: nodeFiles, clock, onProgress: bar.update });
    await session.open(resolve(command.model));
    const configPath = resolve(command.config);
    const configText = await readText(configPath, command.config);
    const run = await session.quantize(
      {
        configText,
        configPath,
        ...(command.report === undefined ? {} : { reportFolder: resolve(command.report) }),
        dims: command.dims,
      },
      signal,
    );
    if (command.output !== undefined) await session.exportModel(resolve(command.output));
    bar.clear();
    const quiet = command.json === '-';
    if (!quiet) console.log(summary(run));
    if (!quiet && run.reportFolder !== null) console.log(`\nreports: ${run.reportFolder}`);
    if (!quiet && command.output !== undefined) console.log(`model: ${resolve(command.output)}`);
    if (command.json !== undefined) await writeJson(command.json, jsonOf(run));
    return EXIT.good;
  } catch (error) {
    bar.clear();
    return fail(error);
  } finally {
    engine.close();
  }
}

/** All errors of a config at once; anything else is the caller's. */
function fail(error: unknown): number {
  if (!(error instanceof DiagnosticError)) throw error;
  for (const d of error.all) if (d.severity === 'error') console.error(formatDiagnostic(d));
  return exitCodeOf(error);
}

async function readText(path: string, shown: string): Promise<string> {
  if ((await nodeFiles.exists(path)) !== 'file') {
    const message = 'there is no such file; --config expects a quantization config (INI)';
    throw new DiagnosticError({ severity: 'error', code: 'CLI106', message, at: { file: shown } });
  }
  const source = await nodeFiles.open(path);
  return new TextDecoder().decode(await source.slice(0, source.byteLength));
}

/** The stable form for scripts: infinities become null, rates are fractions. */
function jsonOf(run: RunView): unknown {
  const db = (x: number | null): number | null => (x === Number.POSITIVE_INFINITY ? null : x);
  return {
    model: run.model,
    config: run.config,
    elapsedMs: run.elapsedMs,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    outputs: run.outputs.map((o) => ({ ...o, sqnrDb: db(o.sqnrDb) })),
    nodes: run.nodes.map((n) => ({
      handle: n.handle,
      opType: n.opType,
      quantized: n.quantized,
      why: n.why,
      cosine: n.cosine,
      sqnrDb: db(n.sqnrDb),
      localSqnrDb: db(n.localSqnrDb),
      clipRate: n.clipRate,
    })),
    accuracy: run.accuracy,
    sizes: run.sizes,
  };
}

/** @param target a path, or `-` for standard output. */
export async function writeJson(target: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (target === '-') process.stdout.write(text);
  else await nodeFiles.write(resolve(target), text);
}
