/**
 * What the main thread of the page did between frames, from a trace of Chromium's: its own processor time, which other
 * programs on a busy machine do not lengthen as they do the time of the clock.
 *
 * @param {readonly {name: string, ph: string, ts: number, dur?: number, tdur?: number, pid: number, tid: number}[]} events
 * @returns {{frames: number[], tasks: number[], waited: number[]}} milliseconds: of all tasks of each frame, of each task,
 *   and of each task by the clock
 */
export function frameTimes(events) {
  const fired = events.filter((e) => e.name === 'FireAnimationFrame');
  const main = mostCommon(fired.map((e) => `${e.pid} ${e.tid}`));
  const isMain = (e) => `${e.pid} ${e.tid}` === main;
  const tasks = events.filter((e) => isMain(e) && e.name === 'RunTask' && e.ph === 'X').sort((a, b) => a.ts - b.ts);
  const starts = tasks.filter((task) =>
    fired.some((f) => isMain(f) && f.ts >= task.ts && f.ts <= task.ts + (task.dur ?? 0)),
  );
  const frames = [];
  let next = 0;
  let sum = 0;
  for (const task of tasks) {
    if (task === starts[next]) {
      if (next > 0) frames.push(sum);
      sum = 0;
      next++;
    }
    sum += worked(task);
  }
  return { frames, tasks: tasks.map(worked), waited: tasks.map((task) => (task.dur ?? 0) / 1000) };
}

function worked({ dur = 0, tdur = dur }) {
  return tdur / 1000;
}

/** @param {{frames: number[], tasks: number[], waited: number[]}} times */
export function summary({ frames, tasks, waited }) {
  const sorted = [...frames].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    frames: frames.length,
    median: at(0.5),
    p95: at(0.95),
    max: at(1),
    longestTask: longest(tasks),
    longestByClock: longest(waited),
  };
}

function longest(times) {
  return times.reduce((most, ms) => Math.max(most, ms), 0);
}

function mostCommon(keys) {
  const counts = new Map();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
