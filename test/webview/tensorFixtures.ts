import { NEVER } from '../../src/base/abort.ts';
import { DiagnosticError, invariant } from '../../src/base/diagnostics.ts';
import type { QuantParams } from '../../src/base/quantParams.ts';
import { seededRandom } from '../../src/base/random.ts';
import { rint } from '../../src/base/round.ts';
import { sizeOf } from '../../src/base/shape.ts';
import type { Handlers, HostRequests } from '../../src/protocol/messages.ts';
import type { SampledTensorRef, TensorPlane, TensorRequests } from '../../src/protocol/tensorViews.ts';
import type { GraphView } from '../../src/protocol/views.ts';
import { channelsOf, forRuns } from '../../src/quant/channels.ts';
import { measure } from '../../src/session/tensorData/head.ts';
import { pictureOf } from '../../src/session/tensorData/picture.ts';
import { type Page, pageOf } from '../../src/session/tensorData/plane.ts';
import type { ShownTensor } from '../../src/session/tensorData/shownTensor.ts';
import { elementsAt, scalesAt, sliceOf } from '../../src/session/tensorData/slice.ts';
import { worstPlaces } from '../../src/session/tensorData/worst.ts';

export const SAMPLES = 6;
/** The sample on which every activation is farthest off. */
export const WORST_SAMPLE = 4;

/** Answers for a model whose weights are random per channel and whose activations are waves, as a session would. */
export function tensorHandlers(
  graph: GraphView,
  hasRun: () => boolean,
): Pick<Handlers<HostRequests>, keyof TensorRequests | 'tensor/save' | 'sample/open'> {
  const known = new Map<string, ShownTensor>();
  const shownOf = (ref: SampledTensorRef): ShownTensor => {
    const sample = sampleOf(ref);
    const key = `${ref.valueId}:${sample}:${hasRun()}`;
    const shown = known.get(key) ?? made(graph, ref, sample, hasRun());
    known.set(key, shown);
    return shown;
  };
  return {
    'tensor/open': async (ref) => {
      const shown = shownOf(ref);
      const isWeight = kindOf(graph, ref.valueId) === 'constant';
      const { nodeId, valueId, role } = ref;
      return {
        ...{ nodeId, valueId, role },
        name: graph.values[ref.valueId]?.name ?? '',
        kind: isWeight ? 'Weight' : 'Activation',
        ...measure(shown, NEVER),
        sample: isWeight ? null : { index: sampleOf(ref), count: SAMPLES },
      };
    },
    'tensor/samples': async ({ valueId }) => {
      if (!hasRun() || kindOf(graph, valueId) === 'constant') return null;
      const each = Array.from({ length: SAMPLES }, (_, i) => i);
      const rmse = each.map((i) => (i === SAMPLES - 1 ? Number.NaN : i === WORST_SAMPLE ? 0.02 : 0.005 + 0.001 * i));
      return {
        names: each.map((i) => `ILSVRC2012_val_0000${1230 + i}.JPEG`),
        rmse: Float64Array.from(rmse),
        cosine: Float64Array.from(rmse, (e) => 1 - e * e),
      };
    },
    'tensor/slice': async ({ plane, rows, columns, ...ref }) => {
      const shown = shownOf(ref);
      return sliceOf(shown, page(shown, plane), [rows, columns]);
    },
    'tensor/picture': async ({ plane, maps, span, side, most, ...ref }) => {
      const shown = shownOf(ref);
      const fixed = plane.fixed.map((index, axis) => (maps.includes(axis) ? 0 : index));
      return pictureOf(shown, { side, page: page(shown, { ...plane, fixed }), maps, span, most, signal: NEVER });
    },
    'tensor/worst': async ({ by, offset, count, ...ref }) => {
      const shown = shownOf(ref);
      const all = worstPlaces(shown, { by, most: 10_000, signal: NEVER });
      invariant(all !== undefined, 'the view asks for errors that there are');
      const places = all.slice(offset, offset + count);
      const { float, dequantized, codes } = elementsAt(shown, places);
      invariant(dequantized !== null, 'there is an error');
      return { offset, listed: all.length, places, float, dequantized, codes, scale: scalesAt(shown, places) };
    },
    'tensor/save': async () => ({ saved: true }),
    'sample/open': async () => {},
  };
}

function sampleOf({ sample }: SampledTensorRef): number {
  return sample === 'worst' ? WORST_SAMPLE : sample;
}

function kindOf(graph: GraphView, valueId: number) {
  return graph.values[valueId]?.kind;
}

function page(shown: ShownTensor, plane: TensorPlane): Page {
  const found = pageOf(shown.dims, plane);
  invariant(found !== undefined, 'the view asks for a page of the tensor');
  return found;
}

export function made(graph: GraphView, ref: SampledTensorRef, sample: number, hasRun: boolean): ShownTensor {
  const value = graph.values[ref.valueId];
  const dims = (value?.dims ?? []).map((d) => (typeof d === 'number' ? d : 1));
  const isWeight = value?.kind === 'constant';
  const random = seededRandom(ref.valueId * 31 + sample);
  const width = dims.at(-1) ?? 1;
  const count = sizeOf(dims);
  const plain = { codes: undefined, params: undefined, dequantized: undefined };
  if (!isWeight) {
    if (!hasRun) throw new DiagnosticError(needsRun(graph.file, value?.name ?? ''));
    const plane = width * (dims.at(-2) ?? 1);
    const float = Float32Array.from({ length: count }, (_, i) => {
      const [map, y, x] = [Math.floor(i / plane), Math.floor((i % plane) / width), i % width];
      const wave = Math.sin((x * (1 + (map % 5))) / 9 + sample) * Math.cos((y * (1 + (map % 3))) / 7);
      return Math.max(0, 3 * wave + 0.3 * (random.next() - 0.5));
    });
    return {
      dtype: 'float32',
      dims,
      float,
      ...onGrid(float, dims, perTensor(6 / 255), sample === WORST_SAMPLE ? 6 : 2),
    };
  }
  const float = Float32Array.from({ length: count }, () => (random.next() - 0.5) * 0.4);
  if (!hasRun || dims.length < 2) return { dtype: 'float32', dims, float, ...plain };
  const channels = dims[0] as number; // rank seen above
  const scale = Float32Array.from({ length: channels }, (_, c) => (0.2 / 127) * (1 + (c % 3) / 8));
  const params: QuantParams = {
    scheme: {
      ...{ dtype: 'int8', mapping: 'symmetric', qmin: -127, qmax: 127 },
      granularity: { kind: 'perChannel', axis: 0 },
    },
    scale,
    zeroPoint: new Int32Array(channels),
  };
  return { dtype: 'float32', dims, float, ...onGrid(float, dims, params, 0) };
}

function perTensor(scale: number): QuantParams {
  return {
    scheme: { dtype: 'uint8', mapping: 'asymmetric', qmin: 0, qmax: 255, granularity: { kind: 'perTensor' } },
    scale: Float32Array.of(scale),
    zeroPoint: Int32Array.of(0),
  };
}

/** @param drift steps by which some codes are farther off than rounding moves them. */
function onGrid(float: Float32Array, dims: readonly number[], params: QuantParams, drift: number) {
  const { scale, scheme } = params;
  const codes = scheme.dtype === 'int8' ? new Int8Array(float.length) : new Uint8Array(float.length);
  const dequantized = new Float32Array(float.length);
  forRuns(float.length, channelsOf(dims, scheme.granularity), (c, from, to) => {
    for (let i = from; i < to; i++) {
      const exact = (float[i] as number) / (scale[c] as number);
      const moved = rint(exact) + Math.round(((i * 7919) % 101) / 100 - 0.3) * (i % 13 === 0 ? drift : 0);
      codes[i] = Math.max(scheme.qmin, Math.min(scheme.qmax, moved));
      dequantized[i] = (codes[i] as number) * (scale[c] as number);
    }
  });
  return { codes, dequantized, params };
}

function needsRun(file: string, tensor: string) {
  const message = 'its elements cannot be shown: it is computed; run "Quantize with config…" first';
  return { severity: 'error', code: 'SES440', message, at: { file, tensor } } as const;
}
