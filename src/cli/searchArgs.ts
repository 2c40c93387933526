import { DiagnosticError } from '../base/diagnostics.ts';
import type { SearchGoal, SearchRequest } from '../protocol/searchViews.ts';
import type { JudgeChoice } from '../protocol/sensitivityViews.ts';
import { readJudge } from './judgeArgs.ts';

/** Options of `search`, as they stand on the command line. */
export interface SearchOptions {
  readonly target?: string | undefined;
  readonly drop?: string | undefined;
  readonly bytes?: string | undefined;
  readonly judge?: string | undefined;
  readonly better?: string | undefined;
  readonly samples?: string | undefined;
  readonly budget?: string | undefined;
}

/** What is searched; a share of the float model's bytes becomes a number of bytes once the model is known. */
export type SearchWish = Omit<SearchRequest, 'goal'> & {
  readonly goal: SearchGoal | { readonly kind: 'bits'; readonly share: number };
};

/** Evaluation samples that answers are measured on. */
const SAMPLES = 32;
/** Candidates that are measured at most. */
const BUDGET = 200;
const UNITS: Readonly<Record<string, number>> = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20 };

/** @throws DiagnosticError CLI120 of what is searched, CLI121 of the judge */
export function readSearch(options: SearchOptions): SearchWish {
  const { target, drop, bytes } = options;
  const said = [target, drop, bytes].filter((goal) => goal !== undefined);
  if (said.length !== 1)
    throw wrongGoal('one of --target JUDGE=VALUE, --drop JUDGE=VALUE and --bytes SIZE says the goal');
  const counts = {
    samples: count('--samples', options.samples, SAMPLES),
    budget: count('--budget', options.budget, BUDGET),
  };
  if (bytes !== undefined) {
    const judge = readJudge(options.judge ?? 'cosine', options.better);
    return { ...counts, judge, goal: { kind: 'bits', ...sizeOf(bytes) } };
  }
  const [option, text] = target === undefined ? ['--drop', drop ?? ''] : ['--target', target];
  const { judge, value } = figureOf(option, text, options);
  return { ...counts, judge, goal: { kind: 'skip', target: target === undefined ? { drop: value } : { value } } };
}

/** `cosine=0.995`, or a number alone by the judge of `--judge`. */
function figureOf(
  option: string,
  text: string,
  { judge, better }: SearchOptions,
): { readonly judge: JudgeChoice; readonly value: number } {
  const at = text.lastIndexOf('=');
  const [name, number] = [at < 0 ? undefined : text.slice(0, at), text.slice(at + 1)];
  const value = number.trim() === '' ? Number.NaN : Number(number);
  if (!Number.isFinite(value)) throw wrongGoal(`${option} ${text}: ${JSON.stringify(number)} is not a number`);
  if (name !== undefined && judge !== undefined)
    throw wrongGoal(`both ${option} ${text} and --judge ${judge} name a judge`);
  const named = name ?? judge;
  if (named === undefined) throw wrongGoal(`${option} ${text} names no judge, as ${option} cosine=${text} does`);
  return { judge: readJudge(named, better), value };
}

/** `1200000`, `1.2MB`, `1.1MiB`; `0.3x`: so much of the float model's. */
function sizeOf(text: string): { readonly bytes: number } | { readonly share: number } {
  const [, number = '', unit = ''] = /^(\d*\.?\d+)\s*([A-Za-z]*)$/.exec(text) ?? [];
  const value = Number(number);
  const factor = UNITS[unit];
  if (number === '' || value <= 0 || (unit !== 'x' && factor === undefined))
    throw wrongGoal(`--bytes ${text} is no size: as 1200000, 1.2MB, 1.1MiB, or 0.3x of the float model's`);
  return unit === 'x' ? { share: value } : { bytes: Math.floor(value * (factor as number)) };
}

function count(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw wrongGoal(`${option} ${text} is not a number of at least 1`);
  return Number(text);
}

function wrongGoal(message: string): DiagnosticError {
  return new DiagnosticError({ severity: 'error', code: 'CLI120', message, at: { file: 'command line' } });
}
