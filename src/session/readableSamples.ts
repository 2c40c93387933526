import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import { withoutBadSamples } from '../data/badSamples.ts';
import type { Progress } from '../protocol/views.ts';
import type { Settings } from './settings.ts';

interface ReadParts {
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
}

type RunSamples = Pick<Settings, 'calibration' | 'evaluation'>;

/**
 * The samples of a run: with `bad_samples=skip` only those that can be read, and a warning for each other.
 *
 * @throws DiagnosticError DAT402 where none is left; Cancelled.
 */
export async function readableSamples(
  settings: Settings,
  { signal, onProgress }: ReadParts,
): Promise<RunSamples & { readonly diagnostics: readonly Diagnostic[] }> {
  const { calibration, evaluation, badSamples } = settings;
  if (badSamples === 'stop') return { calibration, evaluation, diagnostics: [] };
  const readable = (samples: Samples) =>
    withoutBadSamples(samples, {
      at: settings.at('quantscope', 'bad_samples'),
      signal,
      onSample: (done) => onProgress({ stage: 'read', done, total: samples.count, text: samples.nameOf(done) }),
    });
  const first = await readable(calibration);
  const inOnePass = evaluation.samples === calibration;
  const second = inOnePass ? first : await readable(evaluation.samples);
  return {
    calibration: first.samples,
    evaluation: {
      ...evaluation,
      samples: second.samples,
      count: Math.min(evaluation.count, second.samples.count),
    },
    diagnostics: inOnePass ? first.diagnostics : [...first.diagnostics, ...second.diagnostics],
  };
}
