import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { QuantParams } from '../../base/quantParams.ts';
import { clamp, rint } from '../../base/round.ts';
import { hasDType } from '../../base/tensor.ts';
import type { ErrorNumbers, Extent, NodeNumbers, TensorNumbers } from '../../diagnose/numbers.ts';
import type { Program, Step, Stored } from '../../exec/program.ts';
import type { ValueId } from '../../graph/model.ts';
import { converted } from '../../ops/storage.ts';
import type { Range } from '../../quant/qparams.ts';
import type { Pair } from '../../whatif/pairs.ts';
import type { Lab } from '../lab.ts';
import { storedPairs } from '../storedPairs.ts';
import { MEETS, type Place } from './place.ts';
import { TensorCounter } from './tensorCounter.ts';
import { weightNumbers } from './weightNumbers.ts';

export interface EvidenceParts {
  readonly lab: Lab;
  /** Evaluation samples, from the first. */
  readonly samples: number;
  /** Of the calibration, by value. */
  readonly extremes: ReadonlyMap<ValueId, Range>;
  readonly signal: AbortSignalLike;
  readonly onStep: (done: number, total: number, text: string) => void;
}

interface Watched {
  readonly place: Place;
  /** Activations that it reads, in order, with the parameters of the codes it reads them in. */
  readonly inputs: readonly { readonly value: ValueId; readonly params: QuantParams | undefined }[];
  /** Float steps that carry it out, in order. */
  readonly steps: readonly Step[];
  readonly noise: { signal: number; total: number; own: number; fromInputs: number; samples: number };
}

/**
 * What causes are judged by, of each place: counted from the float activations of the first samples and their codes, from
 * the weights, and from what one node makes alone of its inputs' codes. @throws Cancelled
 */
export async function evidenceOf(
  parts: EvidenceParts,
  places: readonly Place[],
): Promise<ReadonlyMap<Place, NodeNumbers>> {
  const { lab, signal, onStep } = parts;
  const watched = places.map((place) => watch(lab, place));
  const counters = countersOf(parts, watched);
  const pairs = pairsOf(lab, watched);
  const count = Math.min(parts.samples, lab.run.sampleCount);
  for (let sample = 0; sample < count; sample++) {
    throwIfAborted(signal);
    onStep(sample, count, lab.run.samples.nameOf(sample));
    const both = await storedPairs({ run: lab.run, result: lab.result, sample, signal }, [...pairs.values()]);
    const floats = new Map([...both].map(([pair, { origin }]) => [pair.value, origin]));
    for (const [value, counter] of counters) {
      const stored = floats.get(value);
      if (stored === undefined || !hasDType(stored.tensor, 'float32')) continue;
      const plain = converted(stored.tensor, stored.layout, 'plain');
      counter.add(plain.data as Float32Array, plain.dims, lab.run.samples.nameOf(sample));
      throwIfAborted(signal);
    }
    for (const one of watched) addNoise(lab, one, sample, floats);
    await Promise.resolve();
  }
  onStep(count, count, '');
  const tensors = new Map([...counters].flatMap(([id, c]) => [[id, c.numbers()] as const]));
  const found = new Map<Place, NodeNumbers>();
  const claimed = new Set<ValueId>();
  for (const { place, inputs, noise } of watched) {
    const isInput = (id: ValueId): boolean => lab.run.float.graph.inputs.includes(id);
    const own = [...inputs.map((i) => i.value).filter(isInput), place.output].filter((id) => !claimed.has(id));
    for (const id of own) claimed.add(id);
    const output = tensors.get(place.output);
    found.set(place, {
      handle: place.handle,
      opType: place.opType,
      tensors: own.flatMap((id) => tensors.get(id) ?? []),
      meeting: MEETS.has(place.opType) ? inputs.flatMap((i): Extent[] => extentOf(tensors.get(i.value))) : [],
      weight: await weightNumbers(lab, place.node),
      error: errorOf(noise, output),
      island: null,
    });
  }
  return found;
}

function watch(lab: Lab, place: Place): Watched {
  const { assignment } = lab.result.build;
  const { node } = place;
  const inputs = node.inputs.flatMap((value, input) => {
    if (value === undefined || lab.run.prepared.graph.values.get(value)?.constant !== undefined) return [];
    const read = assignment.conversions.find((c) => c.uses.some((u) => u.node === node.id && u.input === input));
    return [{ value, params: read?.params ?? assignment.activations.get(value) }];
  });
  const steps = lab.run.float.steps.filter(
    (s) => s.form === 'float' && s.group.some((n) => place.unit.members.has(n.id)),
  );
  return { place, inputs, steps, noise: { signal: 0, total: 0, own: 0, fromInputs: 0, samples: 0 } };
}

/** Of all values with codes of one scale that a place makes, or reads where ranges meet or the model begins. */
function countersOf({ lab, extremes }: EvidenceParts, watched: readonly Watched[]): Map<ValueId, TensorCounter> {
  const { activations } = lab.result.build.assignment;
  const { values } = lab.run.prepared.graph;
  const { inputs } = lab.run.float.graph;
  const counters = new Map<ValueId, TensorCounter>();
  const count = (value: ValueId, params = activations.get(value)): void => {
    if (params === undefined || params.scale.length !== 1 || params.table !== undefined || counters.has(value)) return;
    const place = { tensor: values.get(value)?.name ?? '', valueId: value };
    counters.set(value, new TensorCounter(place, params, extremes.get(value)));
  };
  for (const { place, inputs: read } of watched) {
    count(place.output);
    for (const { value, params } of read) if (MEETS.has(place.opType) || inputs.includes(value)) count(value, params);
  }
  return counters;
}

function pairsOf(lab: Lab, watched: readonly Watched[]): ReadonlyMap<ValueId, Pair> {
  const wanted = new Set(watched.flatMap(({ place, inputs }) => [place.output, ...inputs.map((i) => i.value)]));
  return new Map(lab.result.build.pairs.filter((p) => wanted.has(p.value)).map((p) => [p.value, p]));
}

/** Adds one sample: signal and noise of the output in all, alone, and alone with nothing but the codes of the inputs. */
function addNoise(
  lab: Lab,
  { place, inputs, steps, noise }: Watched,
  sample: number,
  floats: ReadonlyMap<ValueId, Stored>,
): void {
  const output = floats.get(place.output);
  const own = lab.result.local.get(place.output)?.[sample];
  const all = lab.result.figures.of(place.output, 'sqnrDb', sample);
  if (output === undefined || own === undefined || Number.isNaN(all) || !hasDType(output.tensor, 'float32')) return;
  const made = withCodedInputs(lab.run.float, { place, inputs, steps }, floats);
  if (made === undefined || made.layout !== output.layout || !hasDType(made.tensor, 'float32')) return;
  const { aa, squaredError } = lab.run.float.kernels.pairSumsF32(output.tensor.data, made.tensor.data);
  const count = output.tensor.data.length;
  noise.samples++;
  noise.signal += aa / count;
  noise.total += (aa / count) * 10 ** (-all / 10);
  noise.own += (aa / count) * 10 ** (-own / 10);
  noise.fromInputs += squaredError / count;
}

/** What the float node makes of inputs that were rounded to their codes; undefined where one is not at hand. */
function withCodedInputs(
  float: Program,
  { place, inputs, steps }: Pick<Watched, 'place' | 'inputs' | 'steps'>,
  floats: ReadonlyMap<ValueId, Stored>,
): Stored | undefined {
  const given = new Map<ValueId, Stored>();
  for (const { value, params } of inputs) {
    const stored = floats.get(value);
    if (stored === undefined) return undefined;
    given.set(value, params === undefined ? stored : coded(stored, params));
  }
  for (const step of steps) {
    const missing = step.inputs.some((id) => id !== undefined && !given.has(id) && !isConstant(float, id));
    const [made] = step.outputs;
    if (missing || made === undefined) return undefined;
    given.set(made, float.runStep(step, given));
  }
  return given.get(place.output);
}

function isConstant(program: Program, id: ValueId): boolean {
  return program.graph.values.get(id)?.constant !== undefined;
}

/** Equations (Q) and (D) on a float tensor. */
function coded({ tensor, layout }: Stored, { scheme, scale, zeroPoint }: QuantParams): Stored {
  if (!hasDType(tensor, 'float32') || scale.length !== 1) return { tensor, layout };
  const [s, z] = [scale[0] as number, zeroPoint[0] as number]; // one each
  const data = tensor.data.map((x) => s * (clamp(rint(Math.fround(x / s)) + z, scheme.qmin, scheme.qmax) - z));
  return { layout, tensor: { ...tensor, data } };
}

function errorOf({ samples, ...sums }: Watched['noise'], output: TensorNumbers | undefined): ErrorNumbers | null {
  if (samples === 0 || output === undefined) return null;
  const { signal, total, own, fromInputs } = sums;
  return {
    signal: signal / samples,
    total: total / samples,
    own: own / samples,
    fromInputs: fromInputs / samples,
    fromOutput: output.rounding + output.clipping,
  };
}

function extentOf(numbers: TensorNumbers | undefined): Extent[] {
  if (numbers === undefined) return [];
  const { tensor, valueId, lo, hi } = numbers;
  return [{ tensor, valueId, lo, hi }];
}
