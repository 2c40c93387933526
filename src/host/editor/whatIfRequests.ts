import { DiagnosticError } from '../../base/diagnostics.ts';
import type { Handlers, HostRequests } from '../../protocol/messages.ts';
import { changeConfig, configOf } from '../commands/changeConfig.ts';
import { deleteTrials, restoreTrial } from '../commands/trialCommands.ts';
import { noSuchTrial } from '../errors.ts';
import type { FindingKind } from '../findings/storedFindings.ts';
import type { OpenModel } from './registry.ts';

type WhatIfHandlers = Pick<
  Handlers<HostRequests>,
  | 'config/change'
  | 'trials/restore'
  | 'trials/rename'
  | 'trials/pin'
  | 'trials/delete'
  | 'trials/compare'
  | 'sensitivity/start'
  | 'sensitivity/cancel'
  | 'search/start'
  | 'search/cancel'
  | 'diagnosis/start'
  | 'diagnosis/cancel'
>;

/** Answers what the view asks of changes, trials, sweeps, searches and diagnoses. */
export function whatIfRequests(model: OpenModel, failed: (error: unknown) => void): WhatIfHandlers {
  const { session, trials, findings } = model;
  const start = (kind: FindingKind, measure: () => Promise<void>): void => {
    if (configOf(session) === undefined) findings.refuse(kind);
    else measure().catch(failed);
  };
  return {
    'config/change': (request) => changeConfig(model, request),
    'trials/restore': ({ id }) => restoreTrial(model, id),
    'trials/rename': ({ id, name }) => trials.rename(id, name),
    'trials/pin': ({ id, pinned }) => trials.pin(id, pinned),
    'trials/delete': ({ ids }) => deleteTrials(model, ids),
    'trials/compare': async ({ a, b }) => {
      const comparison = trials.compare(a, b);
      if (comparison === null) throw new DiagnosticError(noSuchTrial(session.file));
      return comparison;
    },
    // These go on after their reply: what they find comes as events.
    'sensitivity/start': async ({ request, resume }) => start('sensitivity', () => findings.sweep(request, { resume })),
    'sensitivity/cancel': async () => findings.cancel('sensitivity'),
    'search/start': async (request) => start('search', () => findings.search(request)),
    'search/cancel': async () => findings.cancel('search'),
    'diagnosis/start': async (request) => start('diagnosis', () => findings.diagnose(request)),
    'diagnosis/cancel': async () => findings.cancel('diagnosis'),
  };
}
