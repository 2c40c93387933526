import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { FileSystem } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import type { KernelSet } from '../../kernels/kernelSet.ts';
import type { DataFinding } from '../../protocol/diagnosisViews.ts';
import type { Progress } from '../../protocol/views.ts';
import type { Lab } from '../lab.ts';
import { preprocessingFindings } from './dataPreprocessing.ts';
import { sampleFindings } from './dataSamples.ts';

/** What the doctor of the data needs of a session. */
export interface DataParts {
  readonly kernels: KernelSet;
  readonly files: FileSystem;
  readonly clock: Clock;
  readonly onProgress: (progress: Progress) => void;
  readonly lab: Lab;
}

/**
 * What is to be said of the calibration data: another preprocessing that the float model would take better, samples unlike
 * the others, and whether there are enough of them. Nothing for pseudo-random data.
 *
 * @param onFound hears each finding as it comes.
 * @returns all of them, in the same order: another preprocessing that is advised comes first.
 * @throws Cancelled, DiagnosticError where samples cannot be read.
 */
export async function dataFindings(
  parts: DataParts,
  signal: AbortSignalLike,
  onFound: (finding: DataFinding) => void,
): Promise<readonly DataFinding[]> {
  const found: DataFinding[] = [];
  for (const look of [preprocessingFindings, sampleFindings]) {
    throwIfAborted(signal);
    for (const finding of await look(parts, signal)) {
      found.push(finding);
      onFound(finding);
    }
  }
  return found;
}
