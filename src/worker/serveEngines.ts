import { DiagnosticError } from '../base/diagnostics.ts';
import { noHandler } from '../protocol/errors.ts';
import type { Handlers, WorkerRequests } from '../protocol/messages.ts';

type EngineHandlers = Pick<Handlers<WorkerRequests>, 'sensitivity/run' | 'search/run' | 'diagnosis/run'>;

/** Answers what takes many evaluations: sweeps, searches, diagnoses. */
export function serveEngines(): EngineHandlers {
  const absent = (method: string) => async () => {
    throw new DiagnosticError(noHandler('worker', method));
  };
  return {
    'sensitivity/run': absent('sensitivity/run'),
    'search/run': absent('search/run'),
    'diagnosis/run': absent('diagnosis/run'),
  };
}
