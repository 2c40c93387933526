import { setTimeout as sleep } from 'node:timers/promises';

const SETTLE_MS = 300; // threads start meanwhile
const WARM_UP = 1;
const LEAST_ROUNDS = 3;
const BUDGET_MS = 4000;
/** Runs of one work in its turn, the first not counted: it finds the caches full of another's data, and its threads asleep. */
const RUNS_A_TURN = 4;

/**
 * Median milliseconds of each work, taken in turns of {@link RUNS_A_TURN} runs, as one sample follows another where
 * models are used. A work that answers a number has measured itself.
 *
 * @param {(() => unknown)[]} works
 */
export async function medians(works) {
  const times = works.map(() => []);
  await sleep(SETTLE_MS);
  const end = performance.now() + BUDGET_MS;
  for (let round = -WARM_UP; round < LEAST_ROUNDS || performance.now() < end; round++)
    for (const [i, work] of works.entries())
      for (let run = 0; run < RUNS_A_TURN; run++) {
        const start = performance.now();
        const own = await work();
        const elapsed = performance.now() - start;
        if (round >= 0 && run > 0) times[i].push(typeof own === 'number' ? own : elapsed);
      }
  return times.map(median);
}

/** The middle of a list, the upper one of two. */
export function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}
