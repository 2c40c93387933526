import type { Dim } from '../graph/model.ts';
import { dimsOfRank, sameDim } from './facts.ts';
import { asNumbers, numbersOf, stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';

/** Four neighbours in a plane and their bilinear weights. */
interface Sample {
  readonly at: readonly [number, number, number, number];
  readonly weights: readonly [number, number, number, number];
}

const OUTSIDE: Sample = { at: [0, 0, 0, 0], weights: [0, 0, 0, 0] };

/** Places up to one pixel outside are moved to the edge; what lies further counts as zero. */
function sampleAt(y: number, x: number, height: number, width: number): Sample {
  if (y < -1 || y > height || x < -1 || x > width) return OUTSIDE;
  const [cy, cx] = [Math.min(Math.max(y, 0), height - 1), Math.min(Math.max(x, 0), width - 1)];
  const [top, left] = [Math.floor(cy), Math.floor(cx)];
  const [bottom, right] = [Math.min(top + 1, height - 1), Math.min(left + 1, width - 1)];
  const [fy, fx] = [cy - top, cx - left];
  return {
    at: [top * width + left, top * width + right, bottom * width + left, bottom * width + right],
    weights: [(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx],
  };
}

interface Axis {
  readonly start: number;
  /** Length of one bin, in pixels of the feature map. */
  readonly bin: number;
  /** Samples per bin. */
  readonly count: number;
}

function axisOf(
  from: number,
  to: number,
  bins: number,
  options: { readonly ratio: number; readonly least: number },
): Axis {
  const bin = Math.max(to - from, options.least) / bins;
  return { start: from, bin, count: options.ratio > 0 ? options.ratio : Math.ceil(bin) };
}

/** A bin of more samples than this covers no image; a file that says so must not keep us busy. */
const MOST_SAMPLES = 1e7;

/** All samples of bin (row, column). */
function samplesOf(
  y: Axis,
  x: Axis,
  [row, column]: readonly [number, number],
  size: readonly [number, number],
): Sample[] {
  const samples: Sample[] = [];
  for (let i = 0; i < y.count; i++) {
    const py = y.start + row * y.bin + ((i + 0.5) * y.bin) / y.count;
    for (let j = 0; j < x.count; j++) {
      samples.push(sampleAt(py, x.start + column * x.bin + ((j + 0.5) * x.bin) / x.count, ...size));
    }
  }
  return samples;
}

/** The mean of the interpolated samples, or the largest product of a weight and a neighbour, as ONNX defines max. */
function pooled(plane: ArrayLike<number>, first: number, samples: readonly Sample[], mode: string): number {
  let sum = 0;
  let largest = samples.length === 0 ? 0 : -Infinity;
  for (const { at, weights } of samples) {
    for (let k = 0; k < 4; k++) {
      const product = (weights[k] as number) * (plane[first + (at[k] as number)] as number);
      sum += product;
      if (product > largest) largest = product;
    }
  }
  return mode === 'max' ? largest : sum / Math.max(samples.length, 1);
}

/** Regions rois [R, 4] (x1, y1, x2, y2) of images x [N, C, H, W], each pooled to [C, output height, output width]. */
function roiAlign(since: number): OpDef {
  return defineOp({
    type: 'RoiAlign',
    domain: '',
    since,
    arity: [3, 3],
    attributes: {
      coordinate_transformation_mode: {
        kind: 'string',
        default: since < 16 ? 'output_half_pixel' : 'half_pixel',
      },
      mode: { kind: 'string', default: 'avg' },
      output_height: { kind: 'int', default: 1 },
      output_width: { kind: 'int', default: 1 },
      sampling_ratio: { kind: 'int', default: 0 },
      spatial_scale: { kind: 'float', default: 1 },
    },
    layout: { kind: 'plain' },
    infer: (context) => {
      const [x, rois] = [dimsOfRank(context, 0, 4), dimsOfRank(context, 1, 2)];
      const { output_height, output_width, mode } = context.attributes;
      if (mode !== 'avg' && mode !== 'max') context.fail(`mode ${mode} is neither avg nor max`);
      const batch = dimsOfRank(context, 2, 1)?.[0] ?? context.symbol('regions');
      const count: Dim = sameDim(context, rois?.[0] ?? batch, batch, 'regions and their images');
      return [
        {
          dtype: context.input(0).dtype,
          dims: [count, x?.[1] ?? context.symbol('channels'), output_height, output_width],
        },
      ];
    },
    run: (context) => {
      const { mode, output_height: rows, output_width: columns, spatial_scale: scale } = context.attributes;
      const half = context.attributes.coordinate_transformation_mode === 'half_pixel';
      const [x, rois, images] = [context.input(0), numbersOf(context.input(1)), asNumbers(context.input(2))];
      const [batch, channels, height, width] = x.dims as [number, number, number, number];
      const out = context.output(0, x.dtype as 'float32', [images.length, channels, rows, columns]); // floating-point
      const [from, to] = [numbersOf(x), numbersOf(out)];
      const options = { ratio: context.attributes.sampling_ratio, least: half ? -Infinity : 1 };
      for (let r = 0; r < images.length; r++) {
        const image = images[r] as number;
        if (!(image >= 0 && image < batch)) context.fail(`region ${r} names image ${image} of ${batch}`);
        const corner = (i: number): number => (rois[4 * r + i] as number) * scale - (half ? 0.5 : 0);
        const xAxis = axisOf(corner(0), corner(2), columns, options);
        const yAxis = axisOf(corner(1), corner(3), rows, options);
        if (!(xAxis.count * yAxis.count <= MOST_SAMPLES)) context.fail(`region ${r} has too many samples, or no size`);
        for (let b = 0; b < rows * columns; b++) {
          const bin = [Math.floor(b / columns), b % columns] as const;
          const samples = samplesOf(yAxis, xAxis, bin, [height, width]);
          for (let c = 0; c < channels; c++) {
            const first = (image * channels + c) * height * width;
            to[(r * channels + c) * rows * columns + b] = pooled(from, first, samples, mode);
          }
        }
      }
      return [stored(out)];
    },
    quant: () => ({ kind: 'float', why: 'RoiAlign interpolates at computed places; it has no 8-bit form.' }),
  });
}

/** Pooling of regions. */
export const roiAlignOps: readonly OpDef[] = [roiAlign(10), roiAlign(16)];
