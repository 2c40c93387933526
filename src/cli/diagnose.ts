import { join, resolve } from 'node:path';
import type { AbortSignalLike } from '../base/abort.ts';
import { clock } from '../node/clock.ts';
import { startEngine } from '../node/engine.ts';
import { runCommand } from '../node/runCommand.ts';
import { diagnosisJson } from '../report/diagnosisJson.ts';
import { createSession } from '../session/index.ts';
import type { Command } from './args.ts';
import { diagnosisText } from './diagnosisText.ts';
import { EXIT } from './exitCodes.ts';
import { underLimits } from './failUnder.ts';
import { files, readConfig, readOption, writeJson } from './files.ts';
import { progressBar } from './progress.ts';

type DiagnoseCommand = Extract<Command, { kind: 'diagnose' }>;

/** `diagnose`: quantizes, says which nodes are to blame for the loss and why, and what helps; into report.json as well. */
export async function diagnoseCommand(command: DiagnoseCommand, signal: AbortSignalLike): Promise<number> {
  const bar = progressBar(process.stderr, clock.now);
  const engine = startEngine(command.threads, command);
  try {
    const session = createSession({ kernels: engine.kernels, files, clock, onProgress: bar.update, runCommand });
    await session.open(resolve(command.model));
    const configText = await readConfig(command.config);
    const request = {
      configText,
      configPath: resolve(command.config),
      dims: command.dims,
      ...(command.report === undefined ? {} : { reportFolder: resolve(command.report) }),
    };
    const run = await session.quantize(request, signal);
    const view = await session.diagnoses.run(command.request, () => undefined, signal);
    bar.clear();
    const json = diagnosisJson(view);
    if (command.json !== '-') console.log(diagnosisText(view));
    if (run.reportFolder !== null) {
      await addToReport(run.reportFolder, json);
      if (command.json !== '-') console.log(`\nreports: ${run.reportFolder}`);
    }
    if (command.json !== undefined)
      await writeJson(command.json, { model: run.model, config: run.config, ...json, elapsedMs: view.elapsedMs });
    const missed = underLimits(command.failUnder, run);
    for (const line of missed) console.error(line);
    return missed.length > 0 ? EXIT.missed : EXIT.good;
  } finally {
    bar.clear();
    engine.close();
  }
}

/** Puts the diagnosis into the report that the run has just written. */
async function addToReport(folder: string, diagnosis: unknown): Promise<void> {
  const path = join(folder, 'report.json');
  const written = JSON.parse(new TextDecoder().decode(await readOption(path, 'the report of the run')));
  await writeJson(path, { ...written, diagnosis });
}
