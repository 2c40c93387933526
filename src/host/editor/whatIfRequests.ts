import type { Handlers, HostRequests } from '../../protocol/messages.ts';
import { changeConfig } from '../commands/changeConfig.ts';
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
export function whatIfRequests(model: OpenModel): WhatIfHandlers {
  return {
    'config/change': ({ change, label }) => changeConfig(model, { change, label }),
    'trials/restore': async () => {},
    'trials/rename': async () => {},
    'trials/pin': async () => {},
    'trials/delete': async () => {},
    'trials/compare': async ({ a, b }) => ({ a, b, change: {}, samples: [] }),
    'sensitivity/start': async () => {},
    'sensitivity/cancel': async () => model.session.cancel('sensitivity'),
    'search/start': async () => {},
    'search/cancel': async () => {},
    'diagnosis/start': async () => {},
    'diagnosis/cancel': async () => {},
  };
}
