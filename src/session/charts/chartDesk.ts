import { type AbortSignalLike, NEVER } from '../../base/abort.ts';
import type {
  TensorCharts,
  TensorChartsRequest,
  TensorFigures,
  TensorSpread,
  TensorSpreadRequest,
} from '../../protocol/chartViews.ts';
import type { OperatorRequest, OperatorView } from '../../protocol/operatorViews.ts';
import type { TensorRef } from '../../protocol/tensorViews.ts';
import type { OpenModel } from '../model.ts';
import { operatorView } from '../operatorView.ts';
import type { Result } from '../result.ts';
import type { RunState } from '../run.ts';
import { findTensor } from '../tensorData/openTensor.ts';
import { worstSample } from '../tensorData/sampleErrors.ts';
import { tensorCharts, tensorSpread } from './tensorCharts.ts';
import { tensorFigures } from './tensorFigures.ts';

/** What the session has at the moment. */
export interface ChartDeskParts {
  readonly open: OpenModel;
  /** The last run or trial. */
  readonly after: { readonly run: RunState; readonly result: Result } | undefined;
}

/**
 * Answers what charts and the inspector ask.
 *
 * All of them throw DiagnosticError SES403, SES440 or SES426, DAT… where a sample cannot be read, and Cancelled.
 */
export class ChartDesk {
  readonly #parts: () => ChartDeskParts;

  constructor(parts: () => ChartDeskParts) {
    this.#parts = parts;
  }

  async charts(request: TensorChartsRequest, signal: AbortSignalLike = NEVER): Promise<TensorCharts> {
    const { open, after } = this.#parts();
    const pair = this.#pair(request);
    const worst = after === undefined || pair === undefined ? 0 : worstSample(after.result, pair);
    const sample = request.sample === 'worst' ? worst : request.sample;
    return tensorCharts({ open, last: after, signal }, request, sample);
  }

  async spread(request: TensorSpreadRequest, signal: AbortSignalLike = NEVER): Promise<TensorSpread | null> {
    const { open, after } = this.#parts();
    return tensorSpread({ open, last: after, signal }, request);
  }

  async figures(ref: TensorRef): Promise<TensorFigures | null> {
    const { after } = this.#parts();
    const pair = this.#pair(ref);
    return after === undefined || pair === undefined ? null : tensorFigures(after.run, after.result, pair);
  }

  async operator(request: OperatorRequest): Promise<OperatorView> {
    return operatorView(request, this.#parts().open.model.opsets);
  }

  #pair(ref: TensorRef) {
    const { open, after } = this.#parts();
    return after && findTensor(open, { ...after, sample: 0 }, ref).entry?.pair;
  }
}
