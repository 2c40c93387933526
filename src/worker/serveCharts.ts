import type { ChartRequests } from '../protocol/chartViews.ts';
import type { Handlers } from '../protocol/messages.ts';
import type { Session } from '../session/index.ts';

/** Answers what charts and the inspector ask. */
export function serveCharts({ charts }: Pick<Session, 'charts'>): Handlers<ChartRequests> {
  return {
    'tensor/charts': (params, signal) => charts.charts(params, signal),
    'tensor/spread': (params, signal) => charts.spread(params, signal),
    'tensor/figures': (params) => charts.figures(params),
    'operator/doc': (params) => charts.operator(params),
  };
}
