import type { NumericArray } from '../base/dtype.ts';
import type { KernelSet, PoolGeometry } from '../kernels/kernelSet.ts';
import * as layout from './assembly/layout.ts';
import { Descriptor } from './descriptor.ts';
import type { Engine } from './engine.ts';
import { lend } from './lend.ts';

type PoolKernels = Pick<KernelSet, 'maxPoolF32' | 'maxPoolQ8' | 'averagePoolF32' | 'averagePoolQ8'>;

interface Fields {
  readonly ints?: Readonly<Record<number, number>>;
  readonly floats?: Readonly<Record<number, number>>;
}

/** Poolings, split over output rows. */
export function poolKernels(engine: Engine): PoolKernels {
  const run = (kernel: string, x: NumericArray, out: NumericArray, geometry: PoolGeometry, fields: Fields) => {
    if (out.length === 0) return;
    lend(engine.memory, (loan) => {
      const descriptor = new Descriptor(engine.memory, loan, layout.POOL_BYTES);
      descriptor.setInts({
        [layout.POOL_X]: loan.read(x),
        [layout.POOL_OUT]: loan.write(out),
        ...geometryFields(geometry),
        ...fields.ints,
      });
      descriptor.setFloats(fields.floats ?? {});
      runRows(kernel, descriptor, geometry);
    });
  };
  const runRows = (kernel: string, { pointer }: Descriptor, geometry: PoolGeometry) => {
    const rows = geometry.batch * geometry.outHeight;
    const work = (rows * geometry.outWidth * geometry.channels * geometry.kernelHeight * geometry.kernelWidth) / 4;
    engine.run(
      kernel,
      engine.split(rows, work, 1).map(([first, end]) => [pointer, first, end]),
    );
  };
  /** The greatest of a window is that of its columns' greatest: two passes take fewer steps where windows are large. */
  const runMax = (kernel: string, x: NumericArray, out: NumericArray, geometry: PoolGeometry, isSigned: number) => {
    const [along, across] = separated(geometry);
    if (stepsOf(along) + stepsOf(across) > stepsOf(geometry) / 2) {
      run(kernel, x, out, geometry, { ints: { [layout.POOL_X_SIGNED]: isSigned } });
      return;
    }
    lend(engine.memory, (loan) => {
      const between = loan.scratch(pixelsOf(along) * geometry.channels * x.BYTES_PER_ELEMENT);
      const passes = [
        [along, loan.read(x), between],
        [across, between, loan.write(out)],
      ] as const;
      for (const [pass, from, to] of passes) {
        const descriptor = new Descriptor(engine.memory, loan, layout.POOL_BYTES);
        descriptor.setInts({
          [layout.POOL_X]: from,
          [layout.POOL_OUT]: to,
          ...geometryFields(pass),
          [layout.POOL_X_SIGNED]: isSigned,
        });
        runRows(kernel, descriptor, pass);
      }
    });
  };
  return {
    maxPoolF32: (x, out, geometry) => runMax('maxPoolF32', x, out, geometry, 0),
    maxPoolQ8: (x, out, geometry) => runMax('maxPoolQ8', x, out, geometry, x instanceof Int8Array ? 1 : 0),
    averagePoolF32: (x, out, geometry, countPadding) =>
      run('averagePoolF32', x, out, geometry, { ints: { [layout.POOL_COUNT_PADDING]: countPadding ? 1 : 0 } }),
    averagePoolQ8: (x, qx, out, qy, geometry, countPadding) =>
      run('averagePoolQ8', x, out, geometry, {
        ints: {
          [layout.POOL_COUNT_PADDING]: countPadding ? 1 : 0,
          [layout.POOL_X_SIGNED]: x instanceof Int8Array ? 1 : 0,
          [layout.POOL_X_ZERO]: qx.zeroPoint,
          [layout.POOL_Y_ZERO]: qy.zeroPoint,
          [layout.POOL_Y_LO]: qy.signed ? -128 : 0,
          [layout.POOL_Y_HI]: qy.signed ? 127 : 255,
        },
        floats: { [layout.POOL_X_SCALE]: qx.scale, [layout.POOL_Y_SCALE]: qy.scale },
      }),
  };
}

/** A pooling over the columns of a window, and the one over its rows that finishes it. */
function separated(geometry: PoolGeometry): readonly [along: PoolGeometry, across: PoolGeometry] {
  const { inHeight, outWidth } = geometry;
  const still = { strideHeight: 1, dilationHeight: 1, padTop: 0, kernelHeight: 1 };
  const upright = { strideWidth: 1, dilationWidth: 1, padLeft: 0, kernelWidth: 1 };
  return [
    { ...geometry, ...still, outHeight: inHeight },
    { ...geometry, ...upright, inWidth: outWidth },
  ];
}

function pixelsOf({ batch, outHeight, outWidth }: PoolGeometry): number {
  return batch * outHeight * outWidth;
}

/** Elements that a pooling looks at, per channel. */
function stepsOf(geometry: PoolGeometry): number {
  return pixelsOf(geometry) * geometry.kernelHeight * geometry.kernelWidth;
}

function geometryFields(geometry: PoolGeometry): Readonly<Record<number, number>> {
  return {
    [layout.POOL_IN_HEIGHT]: geometry.inHeight,
    [layout.POOL_IN_WIDTH]: geometry.inWidth,
    [layout.POOL_OUT_HEIGHT]: geometry.outHeight,
    [layout.POOL_OUT_WIDTH]: geometry.outWidth,
    [layout.POOL_CHANNELS]: geometry.channels,
    [layout.POOL_KERNEL_Y]: geometry.kernelHeight,
    [layout.POOL_KERNEL_X]: geometry.kernelWidth,
    [layout.POOL_STRIDE_Y]: geometry.strideHeight,
    [layout.POOL_STRIDE_X]: geometry.strideWidth,
    [layout.POOL_DILATION_Y]: geometry.dilationHeight,
    [layout.POOL_DILATION_X]: geometry.dilationWidth,
    [layout.POOL_PAD_TOP]: geometry.padTop,
    [layout.POOL_PAD_LEFT]: geometry.padLeft,
    [layout.POOL_COUNT_PADDING]: 0,
  };
}
