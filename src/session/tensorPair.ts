import type { QuantParams } from '../base/quantParams.ts';
import { rint } from '../base/round.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Stored } from '../exec/program.ts';
import { converted, copied } from '../ops/storage.ts';
import { channelsOf, forRuns } from '../quant/channels.ts';
import { dequantize } from '../quant/dequantize.ts';
import { PairReader } from '../whatif/pairReader.ts';
import type { Pair } from '../whatif/pairs.ts';
import { loadConstants } from './prepared.ts';
import { type PairRequest, storedPairs } from './storedPairs.ts';
import type { TensorEntry, TensorWeight } from './tensors.ts';

/** Integers that floats are stored as. */
export type CodeArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array;

/** One tensor of the float model beside what stands for it in the quantized one; all arrays in C order of `dims`. */
export interface TensorPair {
  readonly dims: readonly number[];
  readonly origin: Float32Array;
  readonly dequant: Float32Array;
  /** What `dequant` was made from; undefined where it was left float. */
  readonly codes: CodeArray | undefined;
  /** Of `codes`, as the tensor was made; undefined with them. */
  readonly params: QuantParams | undefined;
}

/**
 * Reads a tensor on one evaluation sample. A weight is the same on all of them.
 *
 * @returns undefined where the tensor is in only one of the models (it was fused away), or is not float32.
 * @throws DiagnosticError SES426, DAT…; Cancelled
 */
export async function readPair(request: PairRequest, entry: TensorEntry): Promise<TensorPair | undefined> {
  if (entry.pair !== undefined) return activationPair(request, entry.pair);
  if (entry.weight === undefined) return undefined;
  const { float } = entry.weight;
  const tensor = (await loadConstants(request.run.prepared.graph, [float])).get(float);
  const pair = tensor && weightPair(tensor, entry.weight);
  if (tensor === undefined || pair === undefined) return undefined;
  const { quantized } = entry.weight;
  return {
    dims: tensor.dims,
    ...pair,
    codes: quantized?.codes.data as CodeArray | undefined,
    params: quantized?.params,
  };
}

async function activationPair(request: PairRequest, pair: Pair): Promise<TensorPair | undefined> {
  const { run, result } = request;
  const both = (await storedPairs(request, [pair])).get(pair);
  if (both === undefined) return undefined;
  const origin = plain(both.origin);
  const stored = plain(both.stored);
  const params = result.build.assignment.activations.get(pair.value);
  const reader = new PairReader(run.float.kernels);
  try {
    const read = reader.read(result.build.program, pair, origin, stored);
    const { dims } = origin.tensor;
    const dequant = read.dequant.slice();
    const made = isCodes(stored.tensor.data) ? stored.tensor.data : undefined;
    const codes = params && (made ?? codesOnGrid(dequant, dims, params));
    return { dims, origin: read.origin, dequant, codes, params: codes && params };
  } finally {
    reader.release();
  }
}

/** A copy in C order. */
function plain({ tensor, layout }: Stored): Stored {
  const moved = converted(tensor, layout, 'plain');
  return { layout: 'plain', tensor: moved.data === tensor.data ? copied(moved) : moved };
}

function isCodes(data: Tensor['data']): data is CodeArray {
  return (
    data instanceof Int8Array ||
    data instanceof Uint8Array ||
    data instanceof Int16Array ||
    data instanceof Uint16Array ||
    data instanceof Int32Array
  );
}

/** The codes of a tensor that was rounded to them and is held in floats: `rint(x / scale) + zeroPoint`. */
function codesOnGrid(x: Float32Array, dims: readonly number[], params: QuantParams): CodeArray | undefined {
  const { scheme, scale, zeroPoint, table } = params;
  if (table !== undefined || scheme.granularity.kind === 'perBlock') return undefined;
  const codes = scheme.qmin >= -128 && scheme.qmax <= 127 ? new Int8Array(x.length) : new Int32Array(x.length);
  forRuns(x.length, channelsOf(dims, scheme.granularity), (c, from, to) => {
    const [s, z] = [scale[c] as number, zeroPoint[c] as number];
    for (let i = from; i < to; i++) codes[i] = rint(Math.fround((x[i] as number) / s)) + z;
  });
  return codes;
}

/**
 * A weight's values and what its codes stand for, or what it was rounded to; with neither it stands for itself. Undefined
 * when it is not float32.
 */
export function weightPair(
  tensor: Tensor,
  { quantized, rounded }: TensorWeight,
): { readonly origin: Float32Array; readonly dequant: Float32Array } | undefined {
  if (tensor.dtype !== 'float32') return undefined;
  const origin = tensor.data as Float32Array;
  if (rounded !== undefined) return { origin, dequant: rounded.data as Float32Array }; // half precision lies in float32
  return { origin, dequant: quantized === undefined ? origin : dequantize(quantized) };
}
