import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { type Diagnostic, DiagnosticError, type Location } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import { leftOut, noneLeft, someLeftOut } from './errors.ts';

interface SkipOptions {
  /** Where the config says `bad_samples`. */
  readonly at: Location;
  readonly signal: AbortSignalLike;
  /** Hears of every sample before it is read. */
  readonly onSample: (done: number) => void;
}

/**
 * The samples that can be read, in their order; each is read once to know. Only one is in memory.
 *
 * @returns with them a warning per sample that is left out, naming its file, and their number.
 * @throws DiagnosticError DAT402 where none is left; Cancelled.
 */
export async function withoutBadSamples(
  samples: Samples,
  { at, signal, onSample }: SkipOptions,
): Promise<{ readonly samples: Samples; readonly diagnostics: readonly Diagnostic[] }> {
  const good: number[] = [];
  const bad: Diagnostic[] = [];
  for (let i = 0; i < samples.count; i++) {
    throwIfAborted(signal);
    onSample(i);
    try {
      await samples.read(i);
      good.push(i);
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      bad.push(error.diagnostic);
    }
  }
  const [first] = bad;
  if (first === undefined) return { samples, diagnostics: [] };
  if (good.length === 0) throw new DiagnosticError(noneLeft(at, samples.count, first));
  return {
    samples: picked(samples, good),
    diagnostics: [someLeftOut(at, bad.length, samples.count), ...bad.map(leftOut)],
  };
}

function picked(samples: Samples, indices: readonly number[]): Samples {
  const indexOf = (i: number): number => indices[i] ?? samples.count; // beyond the last, the samples say so
  return {
    count: indices.length,
    read: (i) => samples.read(indexOf(i)),
    nameOf: (i) => samples.nameOf(indexOf(i)),
    ...(samples.pathsOf && { pathsOf: (i: number) => samples.pathsOf?.(indexOf(i)) ?? [] }),
  };
}
