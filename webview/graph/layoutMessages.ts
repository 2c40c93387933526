import type { LayoutInput, LayoutResult } from './layout.ts';

/** What the view asks of the layout worker. */
export interface LayoutRequests {
  'layout/run': { params: LayoutInput; result: LayoutResult };
}
