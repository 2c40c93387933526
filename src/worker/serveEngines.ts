import type { AbortSignalLike } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { DiagnosisView } from '../protocol/diagnosisViews.ts';
import type { Handlers, WorkerEvents, WorkerRequests } from '../protocol/messages.ts';
import type { SearchView } from '../protocol/searchViews.ts';
import type { SensitivityView } from '../protocol/sensitivityViews.ts';
import type { Session } from '../session/index.ts';

type EngineHandlers = Pick<Handlers<WorkerRequests>, 'sensitivity/run' | 'search/run' | 'diagnosis/run'>;

/** Milliseconds between two events of partial results. */
const PARTIAL_INTERVAL_MS = 200;

export interface ServeEnginesParts {
  readonly session: Pick<Session, 'sweeps' | 'searches' | 'diagnoses'>;
  readonly clock: Clock;
  /** Of a job: the signal, or the cell that a busy worker looks at. */
  readonly stoppable: (signal: AbortSignalLike) => AbortSignalLike;
  readonly emit: <E extends 'sensitivity' | 'search' | 'diagnosis'>(event: E, payload: WorkerEvents[E]) => void;
}

/** Answers what takes many evaluations: sweeps, searches, diagnoses. */
export function serveEngines({ session, clock, stoppable, emit }: ServeEnginesParts): EngineHandlers {
  return {
    'sensitivity/run': ({ request, known }, signal) =>
      telling(
        clock,
        (view: SensitivityView) => emit('sensitivity', view),
        (onPartial) => session.sweeps.run(request, known, onPartial, stoppable(signal)),
      ),
    'search/run': (request, signal) =>
      telling(
        clock,
        (view: SearchView) => emit('search', view),
        (onPartial) => session.searches.run(request, onPartial, stoppable(signal)),
      ),
    'diagnosis/run': (request, signal) =>
      telling(
        clock,
        (view: DiagnosisView) => emit('diagnosis', view),
        (onPartial) => session.diagnoses.run(request, onPartial, stoppable(signal)),
      ),
  };
}

/**
 * Sends the first partial result, and then those that come long enough after the last one: they are views of all so far.
 * Where the work is cancelled or fails, the last one is sent as well, because it is all that stays.
 */
export async function telling<P, T>(
  clock: Clock,
  send: (partial: P) => void,
  work: (onPartial: (partial: P) => void) => Promise<T>,
): Promise<T> {
  let sentAt = Number.NEGATIVE_INFINITY;
  let waiting: P | undefined;
  try {
    return await work((partial) => {
      waiting = partial;
      if (clock.now() - sentAt < PARTIAL_INTERVAL_MS) return;
      sentAt = clock.now();
      waiting = undefined;
      send(partial);
    });
  } catch (error) {
    if (waiting !== undefined) send(waiting);
    throw error;
  }
}
