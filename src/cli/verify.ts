import { resolve } from 'node:path';
import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { startEngine } from '../node/engine.ts';
import { nodeFiles } from '../node/files.ts';
import { type CaseResult, verifyCase } from '../session/verify.ts';
import { findCases } from '../session/verifyCases.ts';
import type { Command } from './args.ts';
import { EXIT } from './exitCodes.ts';
import { writeJson } from './files.ts';

/** `verify`: one line per backend case, and a summary; exit 1 when a case failed, 2 when one is not supported. */
export async function verifyCommand(
  command: Extract<Command, { kind: 'verify' }>,
  signal: AbortSignalLike,
): Promise<number> {
  const engine = startEngine(1);
  const cases: CaseResult[] = [];
  try {
    for (const folder of command.folders) {
      for (const found of await findCases(resolve(folder), nodeFiles)) {
        throwIfAborted(signal);
        const result = await verifyCase(found, nodeFiles, engine.kernels);
        cases.push(result);
        if (command.json !== '-')
          console.log(`${result.status.padEnd(11)} ${result.name}${result.reason && `: ${result.reason}`}`);
      }
    }
  } finally {
    engine.close();
  }
  const count = (status: CaseResult['status']): number => cases.filter((c) => c.status === status).length;
  const totals = {
    total: cases.length,
    passed: count('passed'),
    failed: count('failed'),
    unsupported: count('unsupported'),
  };
  if (command.json !== '-')
    console.log(
      `${totals.total} cases: ${totals.passed} passed, ${totals.failed} failed, ${totals.unsupported} unsupported`,
    );
  if (command.json !== undefined) await writeJson(command.json, { ...totals, cases });
  if (totals.failed > 0) return EXIT.userError;
  return totals.unsupported > 0 ? EXIT.unsupported : EXIT.good;
}
