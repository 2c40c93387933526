import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { Samples } from '../../base/samples.ts';
import { hasDType } from '../../base/tensor.ts';
import type { Program, Step, Stored } from '../../exec/program.ts';
import type { Node, NodeId, ValueId } from '../../graph/model.ts';
import { readAttributes } from '../../ops/attributes.ts';
import { CONV_ATTRIBUTES } from '../../ops/conv.ts';
import { resolveWindow, type Window } from '../../ops/window.ts';
import { feedsById } from '../calibrate.ts';
import type { InputMoments } from './leastSquares.ts';

export interface MomentOptions {
  readonly signal?: AbortSignalLike;
  /** Called before each step of each sample. */
  readonly onStep?: (sample: number, name: string, step: Step) => void;
}

/** Weights that meet more inputs than this are left to rounding to nearest: time grows with the cube. */
export const MOST_INPUTS = 1536;
/** Windows looked at per convolution, over all samples: this many, or a multiple of the inputs of a window. */
const LEAST_WINDOWS = 1024;
const WINDOWS_PER_INPUT = 3;

/**
 * Second moments of what the weights of each convolution meet, per group, from windows spread evenly over all samples.
 * Convolutions of rank 4 with constant weights and at most {@link MOST_INPUTS} inputs per window.
 */
export async function convolutionMoments(
  program: Program,
  samples: Samples,
  options: MomentOptions,
): Promise<Map<NodeId, readonly InputMoments[]>> {
  const { signal, onStep } = options;
  const readers = new Map<ValueId, Reader[]>();
  for (const node of program.graph.nodes) {
    const reader = readerOf(program, node, samples.count);
    const x = node.inputs[0];
    if (reader !== undefined && x !== undefined) readers.set(x, [...(readers.get(x) ?? []), reader]);
  }
  for (let sample = 0; sample < samples.count; sample++) {
    throwIfAborted(signal);
    const name = samples.nameOf(sample);
    const feeds = feedsById(program.graph, await samples.read(sample));
    const look = (id: ValueId, stored: Stored | undefined): void => {
      for (const reader of readers.get(id) ?? []) if (stored !== undefined) reader.add(stored);
    };
    for (const [id, tensor] of feeds) look(id, { tensor, layout: 'plain' });
    const run = program.start(feeds, {
      ...(signal !== undefined && { signal }),
      onStep: (step) => onStep?.(sample, name, step),
    });
    for (let step = run.advance(); step !== undefined; step = run.advance())
      for (const id of step.outputs) look(id, run.value(id));
  }
  const moments = new Map<NodeId, readonly InputMoments[]>();
  for (const reader of [...readers.values()].flat()) moments.set(reader.node, reader.finish());
  return moments;
}

function readerOf(program: Program, node: Node, samples: number): Reader | undefined {
  const weight = node.inputs[1] === undefined ? undefined : program.graph.values.get(node.inputs[1]);
  if (node.domain !== '' || node.opType !== 'Conv' || weight?.constant === undefined) return undefined;
  const { dims } = weight.constant;
  const size = dims.slice(1).reduce((a, b) => a * b, 1);
  if (dims.length !== 4 || size > MOST_INPUTS) return undefined;
  const fail = (message: string): never => {
    throw new Error(`invariant: ${node.handle}: ${message}`); // shape inference read the same attributes before
  };
  const attributes = readAttributes(CONV_ATTRIBUTES, node.attributes, fail);
  const windowOf = (spatial: readonly number[]): Window => resolveWindow(attributes, spatial, dims.slice(2), 'floor');
  const windows = Math.ceil(Math.max(LEAST_WINDOWS, WINDOWS_PER_INPUT * size) / samples);
  return new Reader(node.id, { perGroup: dims[1] as number, groups: attributes.group, windowOf, windows });
}

interface ReaderParts {
  /** Input channels of a group. */
  readonly perGroup: number;
  readonly groups: number;
  readonly windowOf: (spatial: readonly number[]) => Window;
  /** Windows to look at in each sample. */
  readonly windows: number;
}

/** Collects x x' of the windows of one convolution. */
class Reader {
  readonly node: NodeId;
  readonly #parts: ReaderParts;
  #moments: InputMoments[] = [];

  constructor(node: NodeId, parts: ReaderParts) {
    this.node = node;
    this.#parts = parts;
  }

  add({ tensor, layout }: Stored): void {
    if (tensor.dims.length !== 4 || !hasDType(tensor, 'float32')) return;
    const nhwc = layout === 'nhwc';
    const [batch = 0, a = 0, b = 0, c = 0] = tensor.dims;
    const [channels, height, width] = nhwc ? [c, a, b] : [a, b, c];
    const image: Image = {
      ...{ data: tensor.data, channels, height, width },
      strides: nhwc ? [1, width * channels, channels] : [height * width, width, 1],
    };
    const window = this.#parts.windowOf([height, width]);
    const positions = batch * (window.out[0] as number) * (window.out[1] as number);
    const looks = Math.min(this.#parts.windows, positions);
    for (let k = 0; k < looks; k++) this.#addWindow(image, window, Math.floor(((k + 0.5) * positions) / looks));
  }

  #addWindow(image: Image, window: Window, position: number): void {
    const { perGroup, groups } = this.#parts;
    const size = perGroup * (window.kernel[0] as number) * (window.kernel[1] as number);
    const x = new Float64Array(size);
    for (let group = 0; group < groups; group++) {
      gather(image, window, { position, from: group * perGroup, channels: perGroup }, x);
      let moments = this.#moments[group];
      if (moments === undefined) {
        moments = { size, sums: new Float64Array(size * size) };
        this.#moments[group] = moments;
      }
      addOuter(x, moments.sums);
    }
  }

  /** Both triangles. */
  finish(): readonly InputMoments[] {
    for (const { size, sums } of this.#moments)
      for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) sums[i * size + j] = sums[j * size + i] as number;
    return this.#moments;
  }
}

interface Image {
  readonly data: Float32Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Elements between neighbours along channels, rows, columns. */
  readonly strides: readonly [number, number, number];
}

/** What the window at a position sees of some channels, in the order of the weight: channel, row, column. */
function gather(
  { data, channels, height, width, strides }: Image,
  { kernel, strides: steps, dilations, padBegin, out }: Window,
  { position, from, channels: count }: { readonly position: number; readonly from: number; readonly channels: number },
  x: Float64Array,
): void {
  const [rows = 1, columns = 1] = out;
  const [kernelRows = 1, kernelColumns = 1] = kernel;
  const column = position % columns;
  const row = Math.floor(position / columns) % rows;
  const image = Math.floor(position / columns / rows) * channels * height * width;
  let at = 0;
  for (let c = from; c < from + count; c++)
    for (let i = 0; i < kernelRows; i++) {
      const y = row * (steps[0] as number) + i * (dilations[0] as number) - (padBegin[0] as number);
      for (let j = 0; j < kernelColumns; j++) {
        const z = column * (steps[1] as number) + j * (dilations[1] as number) - (padBegin[1] as number);
        const inside = y >= 0 && y < height && z >= 0 && z < width;
        x[at++] = inside ? (data[image + c * strides[0] + y * strides[1] + z * strides[2]] as number) : 0;
      }
    }
}

/** Adds x x' to the upper triangle. */
function addOuter(x: Float64Array, sums: Float64Array): void {
  const size = x.length;
  for (let i = 0; i < size; i++) {
    const f = x[i] as number;
    if (f === 0) continue;
    const row = i * size;
    for (let j = i; j < size; j++) sums[row + j] = (sums[row + j] as number) + f * (x[j] as number);
  }
}
