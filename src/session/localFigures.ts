import type { AbortSignalLike } from '../base/abort.ts';
import { IsolatedRunner } from '../exec/isolated.ts';
import { runPaired } from '../exec/paired.ts';
import type { NodeId, ValueId } from '../graph/model.ts';
import type { Progress } from '../protocol/views.ts';
import { floatSteps, type Isolated, isolatedSteps, runIsolatedSteps, valuesAround } from '../quant/isolate.ts';
import { PairReader } from '../whatif/pairReader.ts';
import type { Build } from './build.ts';
import type { Result } from './result.ts';
import type { RunState } from './run.ts';

/** Of nodes alone on their float inputs: dB on each of the kept samples. */
export type LocalFigures = ReadonlyMap<ValueId, Float64Array>;

export interface LocalParts {
  readonly run: RunState;
  readonly build: Build;
  readonly signal: AbortSignalLike;
  readonly onProgress: (progress: Progress) => void;
  /** Local figures of an earlier result, taken where a node's parameters did not change. */
  readonly earlier?: Result;
}

/** Every quantized node alone, on its float inputs, over the first `count` samples. */
export async function localFigures(parts: LocalParts, count: number): Promise<LocalFigures> {
  const { run, build, signal, onProgress } = parts;
  if (build.apart !== undefined) return apartFigures(parts, count);
  const { float, cache } = run;
  const all = stepsAlone(build).filter((s) => build.plan.nodes.get(s.step.node.id)?.form === 'quantized');
  const keys = new Map(all.map((s) => [s, `${count}:${keyOf(s)}`]));
  const knownOf = (s: Isolated) => run.localFigures.get(keys.get(s) ?? '');
  const steps = all.filter((s) => knownOf(s) === undefined);
  if (steps.length > 0) {
    const measured = new Map(steps.map((s) => [s, [] as number[]]));
    const reader = new PairReader(float.kernels);
    const runner = new IsolatedRunner(build.program);
    const wanted = valuesAround(steps);
    const floats = [...float.slots].filter(([id]) => float.graph.values.get(id)?.constant === undefined);
    try {
      for (let i = 0; i < count; i++) {
        onProgress({ stage: 'evaluate', done: i, total: count, text: 'each node alone' });
        const feeds = cache.feeds(i);
        if (feeds === undefined) break;
        const given = new Map(
          floats.flatMap(([id, { signature }]) => {
            const stored = cache.get(i, signature);
            return stored === undefined ? [] : [[id, stored] as const];
          }),
        );
        const going = float.start(feeds, { signal, given, wanted, onlyWanted: true });
        runIsolatedSteps({ run: going, given }, runner, steps, (isolated, origin, dequant) => {
          measured.get(isolated)?.push(reader.floats(origin, dequant).sqnrDb);
        });
        await Promise.resolve();
      }
    } finally {
      reader.release();
      runner.release();
    }
    for (const [s, db] of measured)
      if (db.length > 0) run.localFigures.set(keys.get(s) as string, Float64Array.from(db)); // all have one
  }
  return new Map(
    all.flatMap((s) => {
      const known = knownOf(s);
      return known === undefined ? [] : [[s.output, known] as const];
    }),
  );
}

/** As {@link localFigures} for nodes that several steps carry out: from a program that has them beside the float ones. */
async function apartFigures(
  { run, build, signal, onProgress, earlier }: LocalParts,
  count: number,
): Promise<LocalFigures> {
  const known = knownAlone(run, build, earlier);
  if (known !== undefined) return known;
  const apart = await build.apart?.(signal);
  if (apart === undefined) return new Map();
  const pairs = [...apart.alone].map(([float, quant]) => ({ float, quant }));
  const measured = pairs.map((): number[] => []);
  const reader = new PairReader(run.float.kernels);
  try {
    for (let i = 0; i < count; i++) {
      onProgress({ stage: 'evaluate', done: i, total: count, text: 'each node alone' });
      const feeds = run.cache.feeds(i);
      if (feeds === undefined) break;
      const options = { signal };
      runPaired(run.float.start(feeds, options), apart.program.start(feeds, options), pairs, (index, origin, made) => {
        measured[index]?.push(reader.floats(origin, made).sqnrDb);
      });
      await Promise.resolve();
    }
  } finally {
    reader.release();
    apart.program.release();
  }
  return new Map(
    pairs.flatMap(({ float }, i) => {
      const db = measured[i] ?? [];
      return db.length === 0 ? [] : [[float, Float64Array.from(db)] as const];
    }),
  );
}

/** Of an earlier result, where all nodes that are quantized now read the same codes there. */
function knownAlone(run: RunState, build: Build, earlier: Result | undefined): LocalFigures | undefined {
  const local = new Map<ValueId, Float64Array>();
  for (const { id, outputs } of run.prepared.graph.nodes) {
    const [value] = outputs;
    if (value === undefined || build.plan.nodes.get(id)?.form !== 'quantized') continue;
    const db = earlier?.local.get(value);
    const isWeighted = build.assignment.constants.some((c) => c.node === id);
    if (earlier === undefined || db === undefined) return undefined;
    if (isWeighted && !sameWeights(build, earlier.build, id)) return undefined;
    local.set(value, db);
  }
  return local;
}

/** Steps that can be run without those before them: on codes, or on floats where only weights are quantized. */
function stepsAlone({ program, qdq, plan, stored }: Build): Isolated[] {
  if (stored === undefined) return isolatedSteps(program, qdq.floatOf);
  return floatSteps(program, new Set(plan.weights.map((w) => w.node)));
}

/** What decides a step's own error: what it is, its constants, and the codes that it reads and makes. */
function keyOf({ step, inputs, output, outputQuant, constants }: Isolated): string {
  const codes = (quant: Isolated['outputQuant']): string =>
    quant === undefined ? '' : `${quant.dtype}/${quant.scale[0]}/${quant.zeroPoint[0]}`;
  const reads = inputs.map((i) => `${i.value}=${codes(i.quant)}`);
  return [step.own, ...reads, ...constants.map((s) => s.signature), `${output}=${codes(outputQuant)}`].join('|');
}

/** Whether a node reads the same codes in both builds: what was coded once is the same object. */
function sameWeights(build: Build, earlier: Build, node: NodeId): boolean {
  const codes = ({ assignment }: Build): unknown[] =>
    assignment.constants.flatMap((c) => (c.node === node ? [c.quantized] : []));
  const [now, was] = [codes(build), codes(earlier)];
  return now.length > 0 && now.length === was.length && now.every((quantized, i) => quantized === was[i]);
}
