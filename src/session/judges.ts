import { type AbortSignalLike, NEVER } from '../base/abort.ts';
import { tensor } from '../base/tensor.ts';
import { writeNpy } from '../data/npy.ts';
import { converted } from '../ops/storage.ts';
import type { JudgeChoice } from '../protocol/sensitivityViews.ts';
import { FIGURE_JUDGES, type Judge, type JudgedOutput, type Judging } from '../whatif/judge.ts';
import { AccuracyCounter } from './accuracy.ts';
import { commandFailed, noCommandsHere, noLabelsToJudge, noNumberPrinted } from './errors.ts';
import type { RunState } from './run.ts';
import type { Settings } from './settings.ts';

/** A command of the user's and the files it is to look at. */
export interface CommandRequest {
  /** For the shell; the path of the folder with the files is put behind it. */
  readonly command: string;
  /** Folder of the config, to run it in. */
  readonly folder: string;
  /** Contents by path below the folder that the command is told. */
  readonly files: ReadonlyMap<string, Uint8Array | string>;
  readonly signal: AbortSignalLike;
}

/** How a command ended. */
export interface CommandResult {
  /** Exit status; null where it was ended from outside or did not start. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the user's to its end; a face that may do so provides it. @throws Cancelled */
export type RunCommand = (request: CommandRequest) => Promise<CommandResult>;

export interface JudgeParts {
  readonly run: Pick<RunState, 'samples' | 'open'>;
  readonly settings: Pick<Settings, 'labels' | 'configPath' | 'at'>;
  /** Folder of the config. */
  readonly folder: string;
  /** Left out where commands are not run. */
  readonly runCommand?: RunCommand | undefined;
  readonly signal?: AbortSignalLike;
}

/**
 * What makes one number of the outputs of both models.
 *
 * - `cosine`, `sqnrDb`, `mse`: see {@link FIGURE_JUDGES}.
 * - `top1`, `top5`: share (0..1) of the labelled samples whose class is the first, or within the first five, of the first
 *   output; a loss is what it lacks to the float model's share on the same samples.
 * - `command`: what a command prints in its last line, see {@link commandFiles}; a loss is what it lacks to what it
 *   prints where the float model's outputs stand for the quantized ones.
 *
 * @throws DiagnosticError SES450 without labels, SES451 where commands are not run.
 */
export function judgeOf(choice: JudgeChoice, parts: JudgeParts): Judge {
  switch (choice.id) {
    case 'top1':
    case 'top5':
      return accuracyJudge(choice.id, parts);
    case 'command':
      return commandJudge(choice, parts);
    default:
      return FIGURE_JUDGES[choice.id];
  }
}

function accuracyJudge(id: 'top1' | 'top5', { run, settings }: JudgeParts): Judge {
  const { labels } = settings;
  const at = settings.at('quantscope', 'labels');
  if (labels === undefined) throw noLabelsToJudge(at, id, 'the config names none');
  let float = Number.NaN;
  const start = (): Judging => {
    const counter = new AccuracyCounter(labels, run.samples);
    return {
      add: (sample, [first]) => {
        if (first !== undefined) counter.add(sample, first.origin, first.dequant);
      },
      finish: async () => {
        const { accuracy } = counter;
        if (accuracy === null) throw noLabelsToJudge(at, id, 'none of the samples has one');
        const share = accuracy[id];
        if (share === null) throw noLabelsToJudge(at, id, 'with so few classes nearly all are within five');
        float = share.float;
        return share.quantized;
      },
    };
  };
  return { id, better: 'higher', reads: 'outputs', start, loss: (v) => Math.max(0, float - v), float: () => float };
}

/** One output of one sample, as a command gets it. */
interface Kept {
  readonly name: string;
  readonly dims: readonly number[];
  /** C order. */
  readonly data: Float32Array;
}

type KeptSamples = ReadonlyMap<number, readonly Kept[]>;

function commandJudge(
  { command, better }: Extract<JudgeChoice, { id: 'command' }>,
  { run, settings, folder, runCommand, signal = NEVER }: JudgeParts,
): Judge {
  if (runCommand === undefined) throw noCommandsHere(settings.configPath, command);
  const origins = new Map<number, readonly Kept[]>();
  const floats = new Map<number, number>();
  let float = Number.NaN;
  const ask = async (quantized: KeptSamples): Promise<number> => {
    const kept = new Map([...quantized.keys()].map((sample) => [sample, origins.get(sample) ?? []] as const));
    const files = commandFiles(kept, quantized, (sample) => run.samples.nameOf(sample));
    const { status, stdout, stderr } = await runCommand({ command, folder, files, signal });
    if (status !== 0) throw commandFailed(settings.configPath, command, status, stderr);
    const line = stdout.trim().split(/\r?\n/).at(-1)?.trim() ?? '';
    const value = line === '' ? Number.NaN : Number(line);
    if (Number.isNaN(value)) throw noNumberPrinted(settings.configPath, command, line);
    return value;
  };
  const start = (): Judging => {
    const quantized = new Map<number, readonly Kept[]>();
    return {
      add: (sample, outputs) => {
        if (!origins.has(sample)) origins.set(sample, outputs.map(keptOf('origin')));
        quantized.set(sample, outputs.map(keptOf('dequant')));
      },
      finish: async () => {
        const known = floats.get(quantized.size); // judgings are over the first samples
        float = known ?? (await ask(new Map([...quantized.keys()].map((i) => [i, origins.get(i) ?? []]))));
        floats.set(quantized.size, float);
        return ask(quantized);
      },
    };
  };
  const lack = (v: number): number => (better === 'higher' ? float - v : v - float);
  return {
    id: `command ${better} ${command}`,
    better,
    reads: 'outputs',
    start,
    loss: (v) => Math.max(0, lack(v)),
    float: () => float,
  };
}

function keptOf(side: 'origin' | 'dequant'): (output: JudgedOutput) => Kept {
  return ({ name, dims, layout, [side]: data }) => {
    const plain = converted(tensor('float32', dims, data), layout, 'plain');
    const own = plain.data as Float32Array; // float32 above
    return { name, dims: plain.dims, data: own === data ? own.slice() : own };
  };
}

/**
 * What a command finds in its folder: `float/` and `quantized/` with one .npy (float32, C order) for each sample and
 * output, and `index.json`, which names them:
 * `{"samples": [{"name", "outputs": [{"name", "dims", "float", "quantized"}]}]}`, paths relative to the folder.
 */
export function commandFiles(
  float: KeptSamples,
  quantized: KeptSamples,
  nameOf: (sample: number) => string,
): Map<string, Uint8Array | string> {
  const files = new Map<string, Uint8Array | string>();
  const samples = [...quantized].map(([sample, outputs]) => ({
    name: nameOf(sample),
    outputs: outputs.map((output, i) => {
      const file = `${String(sample).padStart(6, '0')}_${i}.npy`;
      const origin = float.get(sample)?.[i] ?? output;
      files.set(`float/${file}`, writeNpy(tensor('float32', origin.dims, origin.data)));
      files.set(`quantized/${file}`, writeNpy(tensor('float32', output.dims, output.data)));
      return { name: output.name, dims: output.dims, float: `float/${file}`, quantized: `quantized/${file}` };
    }),
  }));
  files.set('index.json', `${JSON.stringify({ samples }, null, 2)}\n`);
  return files;
}
