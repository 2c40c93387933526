import { workbench as w } from './workbench.ts';

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

/** What the main thread of a view did. */
export interface MainThreadWork {
  /** Processor time of its longest task, in milliseconds: other programs do not lengthen it as they do the clock's. */
  readonly longestMs: number;
  /** The longest by the clock. */
  readonly longestByClockMs: number;
}

const MARK = 'quantscope-view';

/**
 * Traces Chromium while `work` runs.
 *
 * @returns the tasks of the thread that runs the view in front at the end.
 */
export async function traceView(work: () => Promise<void>): Promise<MainThreadWork> {
  const cdp = await w.page.context().newCDPSession(w.page);
  const events: TraceEvent[] = [];
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise<void>((resolve) => cdp.once('Tracing.tracingComplete', () => resolve()));
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] },
  });
  await work();
  await w.graph.locator('body').evaluate((_, mark) => console.timeStamp(mark), MARK);
  await cdp.send('Tracing.end');
  await complete;
  await cdp.detach();
  const mark = events.find(({ name, args }) => name === 'TimeStamp' && args?.data?.message === MARK);
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
