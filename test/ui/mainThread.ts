import { type MainThreadWork, TRACE_MARK, traceMainThread } from '../helpers/mainThread.ts';
import { workbench as w } from './workbench.ts';

/**
 * Traces Chromium while `work` runs.
 *
 * @returns the tasks of the thread that runs the view in front at the end.
 */
export function traceView(work: () => Promise<void>): Promise<MainThreadWork> {
  return traceMainThread(w.page, async () => {
    await work();
    await w.graph.locator('body').evaluate((_, mark) => console.timeStamp(mark), TRACE_MARK);
  });
}
