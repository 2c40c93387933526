import { type AbortSignalLike, throwIfAborted } from '../base/abort.ts';
import { GZIP_OVERHEAD } from '../base/deflate.ts';
import type { NumericArray, NumericDType } from '../base/dtype.ts';
import { hasDType } from '../base/tensor.ts';
import { constantsOf } from '../graph/constants.ts';
import type { Graph, TensorSource, ValueId } from '../graph/model.ts';
import { readsOf } from '../graph/topo.ts';
import { rawOf } from '../onnx/tensorData.ts';
import type { SizesView, WeightSizeView } from '../protocol/views.ts';
import { gzipBytesOf, type StoredWeight } from '../quant/encode/stored.ts';
import type { Build } from './build.ts';
import type { RunState } from './run.ts';

/** Constants of more bytes than this are not compressed to see how small they become: it would take too long. */
const MOST_FOR_GZIP = 1 << 28;

/** Bytes of a source after gzip; what a source holds does not change. */
const gzipped = new WeakMap<TensorSource, number>();

/** What the constants of both models take, as stored and after gzip, and each coded weight. @throws Cancelled */
export async function measureSizes(run: RunState, build: Build, signal: AbortSignalLike): Promise<SizesView> {
  const { graph } = build.qdq;
  const { stored } = build;
  const used = usedConstants(graph);
  const plain = used.filter(({ id }) => stored?.has(id) !== true).map(({ source }) => source);
  const coded = used.flatMap(({ id }) => stored?.get(id) ?? []);
  const float = allConstants(run.floatGraph);
  const plainGzip = await gzipOf(plain, signal);
  return {
    float: constantBytes(run.floatGraph),
    quantized: quantizedBytes(build),
    floatGzip: await gzipOf(float, signal),
    quantizedGzip: plainGzip === null ? null : plainGzip + sum(coded.map((s) => s.gzipBytes - GZIP_OVERHEAD)),
    effectiveBits: coded.length === 0 ? null : (8 * sum(coded.map(bytesOf))) / sum(coded.map((s) => s.elements)),
    weights: used.flatMap(({ id, name, source }) => {
      const form = stored?.get(id);
      return form === undefined ? [] : [weightView(name, form, source.byteLength)];
    }),
  };
}

/** Bytes of a graph's constants as stored, those of Constant nodes included. */
export function constantBytes(graph: Graph): number {
  return sum(allConstants(graph).map((s) => s.byteLength));
}

/** Bytes of the quantized model's constants as stored. */
export function quantizedBytes(build: Pick<Build, 'qdq' | 'stored'>): number {
  return sum([...storedBytesOf(build).values()]);
}

/** Bytes of each constant that a node of the quantized model reads, in the form it is stored in. */
export function storedBytesOf({ qdq, stored }: Pick<Build, 'qdq' | 'stored'>): ReadonlyMap<ValueId, number> {
  return new Map(
    usedConstants(qdq.graph).map(({ id, source }) => {
      const form = stored?.get(id);
      return [id, form === undefined ? source.byteLength : bytesOf(form)] as const;
    }),
  );
}

function weightView(name: string, stored: StoredWeight, floatBytes: number): WeightSizeView {
  return { name, ...stored, floatBytes, effectiveBits: (8 * bytesOf(stored)) / stored.elements };
}

function bytesOf({ codeBytes, parameterBytes }: StoredWeight): number {
  return codeBytes + parameterBytes;
}

/** One gzip stream of all, each compressed by itself; null where they are too many bytes. */
async function gzipOf(sources: readonly TensorSource[], signal: AbortSignalLike): Promise<number | null> {
  if (sum(sources.map((s) => s.byteLength)) > MOST_FOR_GZIP) return null;
  let total = GZIP_OVERHEAD;
  for (const source of sources) {
    throwIfAborted(signal);
    let bytes = gzipped.get(source);
    if (bytes === undefined) {
      bytes = gzipBytesOf(await storedBytes(source));
      gzipped.set(source, bytes);
    }
    total += bytes - GZIP_OVERHEAD;
  }
  return total;
}

/** The bytes of a constant as ONNX stores it. */
async function storedBytes(source: TensorSource): Promise<Uint8Array> {
  const tensor = await source.load();
  if (hasDType(tensor, 'string')) return new TextEncoder().encode(tensor.data.join(''));
  return rawOf(tensor.dtype as NumericDType, tensor.data as NumericArray); // constants hold numbers or strings
}

function usedConstants(graph: Graph): { id: ValueId; name: string; source: TensorSource }[] {
  const read = new Set<ValueId>();
  for (const node of graph.nodes) for (const id of readsOf(node)) read.add(id);
  return [...graph.values.values()].flatMap(({ id, name, constant }) =>
    constant !== undefined && read.has(id) ? [{ id, name, source: constant }] : [],
  );
}

function allConstants(graph: Graph): TensorSource[] {
  return [...constantsOf(graph).values()];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
