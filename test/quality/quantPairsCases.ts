import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type DType, type NumericDType, newArray } from '../../src/base/dtype.ts';
import { roundInPlace } from '../../src/base/half.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import type { Graph, Model, Value, ValueId } from '../../src/graph/model.ts';
import { feedsByName, golden, goldenTensor } from '../exec/golden.ts';
import { HAS_SHARED_DATA, sharedData } from '../helpers/sharedData.ts';
import { BASELINES, configOf, type RealModel, SQUEEZENET } from './realModels.ts';
import { samplesOf } from './workbench.ts';

/** A model that was quantized elsewhere. */
export interface QuantCase {
  /** Path below the shared data, without its ending. */
  readonly name: string;
  readonly path: string;
  /** One sample: real where there is one, else seeded noise that reaches over the codes' range. */
  feeds(model: Model): Promise<Map<ValueId, Tensor>>;
}

/** Cases that are not run, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'quant-pairs/ort_testdata/transform__fusion__matmul_integer_to_float_large_tensor':
    'its input alone has 839 million floats (3.4 GB), it states no outputs, and its nodes are those of other cases',
  'ort-baseline/ppocrv4_det/minmax.pc.s8': 'comparing the 128 million codes of its integer steps takes 20 s',
  'ort-baseline/ppocrv4_det/minmax.pc.u8': 'comparing the 128 million codes of its integer steps takes 20 s',
  'ort-baseline/yolox_nano/minmax.pc.s8': 'comparing takes 9 s; other models here have int8 activations',
  'ort-baseline/yolox_nano/percentile.pc.s8': 'the graph of minmax.pc.s8, with other scales',
  'ort-baseline/yolox_nano/percentile.pc.u8': 'the graph of minmax.pc.u8, with other scales',
};

/** Every model of quant-pairs, and those that ONNX Runtime's quantizer made in ort-baseline; none without the data. */
export function quantCases(): readonly QuantCase[] {
  if (!HAS_SHARED_DATA) return [];
  const pairs = onnxFiles('quant-pairs').map((path) => quantCase(path, (m) => pairFeeds(path, m)));
  const squeezenets = onnxFiles('ort-baseline/models').map((path) => sampled(path, SQUEEZENET));
  const detectors = Object.entries(BASELINES).flatMap(([name, m]) =>
    onnxFiles(`ort-baseline/${name}`)
      .filter((path) => basename(path) !== 'float.onnx')
      .map((path) => sampled(path, m)),
  );
  return [...pairs, ...squeezenets, ...detectors].filter((c) => LEFT_OUT[c.name] === undefined);
}

function onnxFiles(folder: string): readonly string[] {
  const entries = readdirSync(sharedData(folder), { recursive: true, encoding: 'utf8' });
  return entries
    .filter((f) => f.endsWith('.onnx'))
    .sort()
    .map((f) => join(folder, f));
}

function quantCase(path: string, feeds: QuantCase['feeds']): QuantCase {
  return { name: path.replace(/\.onnx$/, ''), path: sharedData(path), feeds };
}

/** The first evaluation image, preprocessed. */
function sampled(path: string, real: RealModel): QuantCase {
  return quantCase(path, async (model) => {
    const m = { ...real, path: sharedData(path) };
    const { evaluation } = await samplesOf(m.path, configOf(m));
    return feedsByName(model, await evaluation.read(0));
  });
}

async function pairFeeds(path: string, model: Model): Promise<Map<ValueId, Tensor>> {
  const [, folder = '', file = ''] = path.split('/');
  const id = `quant-pairs__${folder}__${file.replace(/\.onnx$/, '')}`;
  if (!readdirSync(sharedData('golden')).includes(id)) return noiseFeeds(model);
  const g = golden(id);
  return feedsByName(model, new Map(g.inputs.map((t) => [t.name, goldenTensor(g, t)])));
}

/** Lengths of symbols, no multiples of a tile; 1 where nothing is said. */
const LENGTHS: Readonly<Record<string, number>> = { M: 5, K: 70, height: 13, width: 22, unk_2: 2 };
const COLUMNS = 33;

async function noiseFeeds({ graph }: Model): Promise<Map<ValueId, Tensor>> {
  const random = seededRandom(17);
  const bias = [...graph.values.values()].find((v) => (v.constant?.dims.at(-1) ?? 1) > 1);
  const columns = bias?.constant?.dims.at(-1) ?? COLUMNS;
  const lengths = { ...LENGTHS, N: columns, C: columns }; // N columns, and their C scales
  const feeds = new Map<ValueId, Tensor>();
  for (const id of graph.inputs) {
    const value = graph.values.get(id);
    if (value === undefined || value.constant !== undefined) continue;
    feeds.set(id, noise(boundTo(value, lengths), await stepsOf(graph, id), random));
  }
  return feeds;
}

interface BoundValue {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
}

function boundTo({ name, dtype = 'float32', dims = [] }: Value, lengths: Readonly<Record<string, number>>): BoundValue {
  return { name, dtype, dims: dims.map((d) => (typeof d === 'number' ? d : (lengths[d] ?? 1))) };
}

function noise({ name, dtype, dims }: BoundValue, { scale, lo, hi }: Steps, random: Random): Tensor {
  const data = newArray(dtype as NumericDType, sizeOf(dims)) as Float32Array; // no strings among the inputs
  for (let i = 0; i < data.length; i++) {
    if (dtype === 'int8') data[i] = random.below(256) - 128;
    else if (dtype === 'uint8') data[i] = random.below(256);
    else if (/scale/i.test(name)) data[i] = 0.005 + 0.01 * random.next();
    else data[i] = scale * (lo + (random.next() * 1.1 - 0.05) * (hi - lo)); // some are clipped
  }
  if (dtype === 'float16') roundInPlace(dtype, data);
  return tensor(dtype as 'float32', dims, data);
}

/** The real range of the codes that a graph input becomes, in steps of its scale. */
interface Steps {
  readonly scale: number;
  readonly lo: number;
  readonly hi: number;
}

async function stepsOf(graph: Graph, id: ValueId): Promise<Steps> {
  const reader = graph.nodes.find((n) => n.opType === 'QuantizeLinear' && n.inputs[0] === id);
  const [, scale, zero] = await Promise.all((reader?.inputs ?? []).map((v) => loaded(graph, v)));
  if (scale === undefined) return { scale: 1, lo: -3, hi: 3 };
  const z = Number(zero?.data[0] ?? 0);
  const lowest = zero?.dtype === 'int8' ? -128 : 0;
  const highest = lowest + (zero?.dtype === 'uint16' ? 65535 : 255);
  return { scale: Number(scale.data[0]), lo: lowest - z, hi: highest - z };
}

async function loaded(graph: Graph, id: ValueId | undefined): Promise<Tensor | undefined> {
  return id === undefined ? undefined : graph.values.get(id)?.constant?.load();
}
