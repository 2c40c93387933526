import type { Page } from 'playwright-core';

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** By the clock and of the processor, in microseconds. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly data?: { readonly message?: string } };
}

/** What a main thread did. */
export interface MainThreadWork {
  /** Processor time of its longest task, in milliseconds: other programs do not lengthen it as they do the clock's. */
  readonly longestMs: number;
  /** The longest by the clock. */
  readonly longestByClockMs: number;
}

/** The note, of `console.timeStamp`, by which a trace tells whose tasks are meant. */
export const TRACE_MARK = 'quantscope-view';

/**
 * Traces Chromium while `work` runs.
 *
 * @param work leaves a {@link TRACE_MARK} in the document that is meant
 * @returns the tasks of the thread that runs this document
 */
export async function traceMainThread(page: Page, work: () => Promise<void>): Promise<MainThreadWork> {
  const cdp = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise<void>((resolve) => cdp.once('Tracing.tracingComplete', () => resolve()));
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] },
  });
  await work();
  await cdp.send('Tracing.end');
  await complete;
  await cdp.detach();
  const mark = events.find(({ name, args }) => name === 'TimeStamp' && args?.data?.message === TRACE_MARK);
  if (mark === undefined) throw new Error('the trace knows nothing of the view');
  const tasks = events.filter(
    ({ name, ph, pid, tid }) => name === 'RunTask' && ph === 'X' && pid === mark.pid && tid === mark.tid,
  );
  const longest = (of: (task: TraceEvent) => number) =>
    tasks.reduce((most, task) => Math.max(most, of(task)), 0) / 1000;
  return {
    longestMs: longest(({ dur = 0, tdur = dur }) => tdur),
    longestByClockMs: longest(({ dur = 0 }) => dur),
  };
}
