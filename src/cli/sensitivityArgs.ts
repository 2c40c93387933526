import { DiagnosticError, nearest } from '../base/diagnostics.ts';
import type { SensitivityRequest } from '../protocol/sensitivityViews.ts';
import { readJudge } from './judgeArgs.ts';

/** Options of `sensitivity`, as they stand on the command line. */
export interface SensitivityOptions {
  readonly mode?: string | undefined;
  readonly on?: string | undefined;
  readonly judge?: string | undefined;
  readonly metric?: string | undefined;
  readonly better?: string | undefined;
  readonly samples?: string | undefined;
  readonly verify?: string | undefined;
}

const MODES = { layerwise: 'layerwise', 'leave-one-out': 'leaveOneOut', local: 'local' } as const;
const PARTS = { both: 'both', activations: 'activations', weights: 'weights' } as const;
/** Evaluation samples that nodes are measured on. */
const SAMPLES = 32;

/** @throws DiagnosticError CLI121 of the judge, CLI130 */
export function readSensitivity(options: SensitivityOptions): SensitivityRequest {
  const { judge, metric, better, samples, verify } = options;
  if (judge !== undefined && metric !== undefined) throw wrong('--judge and --metric say the same; give one of them');
  const mode = oneOf('--mode', options.mode ?? 'layerwise', MODES);
  const part = oneOf('--on', options.on ?? 'both', PARTS);
  if (mode === 'local' && part !== 'both')
    throw wrong(`--on ${part} goes with --mode layerwise or leave-one-out; local errors are those of whole nodes`);
  return {
    mode,
    part,
    judge: readJudge(judge ?? metric ?? 'cosine', better),
    samples: samples === undefined ? SAMPLES : count('--samples', samples),
    verify: verify === undefined ? null : count('--verify', verify),
  };
}

function oneOf<V>(option: string, text: string, choices: Readonly<Record<string, V>>): V {
  const choice = choices[text];
  if (choice !== undefined) return choice;
  const names = Object.keys(choices);
  const near = nearest(text, names);
  throw wrong(`${option} ${text} is none of ${names.join(', ')}${near === undefined ? '' : ` - ${near}?`}`);
}

function count(option: string, text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw wrong(`${option} ${text} is not a number of at least 1`);
  return Number(text);
}

function wrong(message: string): DiagnosticError {
  return new DiagnosticError({ severity: 'error', code: 'CLI130', message, at: { file: 'command line' } });
}
