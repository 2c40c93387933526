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
    'sensitivity/run': ({ request, known }, signal) => {
      const onPartial = rarely(clock, (view: SensitivityView) => emit('sensitivity', view));
      return session.sweeps.run(request, known, onPartial, stoppable(signal));
    },
    'search/run': (request, signal) =>
      session.searches.run(
        request,
        rarely(clock, (view: SearchView) => emit('search', view)),
        stoppable(signal),
      ),
    'diagnosis/run': (request, signal) =>
      session.diagnoses.run(
        request,
        rarely(clock, (view: DiagnosisView) => emit('diagnosis', view)),
        stoppable(signal),
      ),
  };
}

/** Lets the first through, and then those that come long enough after the last one: they are views of all so far. */
export function rarely<T>(clock: Clock, send: (view: T) => void): (view: T) => void {
  let sentAt = Number.NEGATIVE_INFINITY;
  return (view) => {
    if (clock.now() - sentAt < PARTIAL_INTERVAL_MS) return;
    sentAt = clock.now();
    send(view);
  };
}
