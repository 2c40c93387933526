import type { ChartRequests, TensorFigures, TensorSpread } from '../../src/protocol/chartViews.ts';
import type { MetricId } from '../../src/protocol/metrics.ts';
import type { OperatorRequest, OperatorView } from '../../src/protocol/operatorViews.ts';
import { type AbortFlag, Cancelled, type Diagnostic, diagnosticOf } from '../../src/protocol/rpc.ts';
import type { TensorRef } from '../../src/protocol/tensorViews.ts';
import type { Connection } from '../connection.ts';
import { t } from '../l10n.ts';
import type { Store } from '../store.ts';

/** What tensor-level charts the inspector shows. */
export type TensorChart = 'boxes' | 'histogram' | 'channels' | 'samples';

/** What came of a question; undefined when it was let go. */
export type Answer<T> = { readonly ok: T } | { readonly problem: Diagnostic } | undefined;

export interface ChartTools {
  readonly announce: (text: string) => void;
  readonly report: (problems: readonly Diagnostic[]) => void;
}

/** What charts and the inspector ask of the host, and what can be done with them. */
export function createChartActions(store: Store, { rpc }: Connection, { announce, report }: ChartTools) {
  const answer = async <T>(method: string, asked: Promise<T>): Promise<Answer<T>> => {
    try {
      return { ok: await asked };
    } catch (cause) {
      return cause instanceof Cancelled ? undefined : { problem: diagnosticOf(cause, 'view', method) };
    }
  };
  const saved = async (method: string, asked: Promise<{ readonly saved: boolean }>): Promise<void> => {
    const outcome = await answer(method, asked);
    if (outcome === undefined) return;
    if ('problem' in outcome) report([outcome.problem]);
    else if (outcome.ok.saved) announce(t('Saved'));
  };
  const operators = new Map<string, Promise<Answer<OperatorView>>>();

  return {
    askCharts: (params: ChartRequests['tensor/charts']['params'], signal: AbortFlag) =>
      answer('tensor/charts', rpc.request('tensor/charts', params, { signal })),
    askSpread: (ref: TensorRef, samples: number, signal: AbortFlag): Promise<Answer<TensorSpread | null>> =>
      answer('tensor/spread', rpc.request('tensor/spread', { ...ref, samples }, { signal })),
    askFigures: (ref: TensorRef): Promise<Answer<TensorFigures | null>> =>
      answer('tensor/figures', rpc.request('tensor/figures', ref)),
    /** One metric of all nodes, of the sample that is chosen; it must need no measurement. */
    async askColumn(metric: MetricId): Promise<Answer<Float64Array>> {
      const column = await answer('heat/get', rpc.request('heat/get', { metric, of: store.state.sample }));
      return column !== undefined && 'ok' in column ? { ok: column.ok.values } : column;
    },
    /** Operators do not change: each is asked for once. */
    askOperator(request: OperatorRequest): Promise<Answer<OperatorView>> {
      const key = `${request.domain}::${request.opType}`;
      const known = operators.get(key) ?? answer('operator/doc', rpc.request('operator/doc', request));
      operators.set(key, known);
      return known;
    },

    saveChartTable: (name: string, text: string) => saved('table/save', rpc.request('table/save', { name, text })),
    /** @param data a data address of a PNG. */
    saveChartPicture(name: string, data: string): Promise<void> {
      const bytes = Uint8Array.from(atob(data.slice(data.indexOf(',') + 1)), (c) => c.charCodeAt(0));
      return saved('picture/save', rpc.request('picture/save', { name, data: bytes }));
    },

    /** Opens or closes a section of the inspector. */
    toggleSection(key: string): void {
      const { closedSections: closed } = store.state;
      const closedSections = closed.includes(key) ? closed.filter((k) => k !== key) : [...closed, key];
      store.update({ closedSections });
    },
    showTensorChart: (tensorChart: TensorChart) => store.update({ tensorChart }),
    /** Shows a tensor in the tensor viewer. */
    openTensor: (selectedTensor: number) =>
      store.update({ selectedTensor, bottom: 'data', tab: 'table', showTable: true }),
    async copy(text: string, what: string): Promise<void> {
      try {
        await navigator.clipboard.writeText(text);
        announce(t('Copied: {0}', what));
      } catch {
        announce(t('The clipboard cannot be written to'));
      }
    },
  };
}
