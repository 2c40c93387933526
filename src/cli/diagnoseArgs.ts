import { DiagnosticError } from '../base/diagnostics.ts';
import type { DiagnosisRequest } from '../protocol/diagnosisViews.ts';
import { readJudge } from './judgeArgs.ts';

/** Options of `diagnose`, as they stand on the command line. */
export interface DiagnoseOptions {
  readonly judge?: string | undefined;
  readonly better?: string | undefined;
  readonly samples?: string | undefined;
  readonly nodes?: string | undefined;
  readonly 'no-cures'?: boolean | undefined;
  readonly 'no-data'?: boolean | undefined;
}

/** Evaluation samples that changes are measured on, and nodes that are looked at. */
const SAMPLES = 8;
const NODES = 8;

/** @throws DiagnosticError CLI121 of the judge, CLI122 of numbers */
export function readDiagnose(options: DiagnoseOptions): DiagnosisRequest {
  return {
    judge: readJudge(options.judge ?? 'cosine', options.better),
    samples: count('--samples', options.samples, SAMPLES),
    nodes: count('--nodes', options.nodes, NODES),
    cures: options['no-cures'] !== true,
    data: options['no-data'] !== true,
  };
}

function count(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  const message = `${option} ${text} is not a number of at least 1`;
  throw new DiagnosticError({ severity: 'error', code: 'CLI122', message, at: { file: 'command line' } });
}
