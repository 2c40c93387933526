import { describe, expect, it } from 'vitest';
import { NEVER } from '../../src/base/abort.ts';
import { DiagnosticError } from '../../src/base/diagnostics.ts';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { tensor } from '../../src/base/tensor.ts';
import {
  type ClusteredWeight,
  clusterScheme,
  clusterWeight,
  mostClusteredBytes,
} from '../../src/quant/clusterWeights.ts';
import { dequantize } from '../../src/quant/dequantize.ts';
import { packPlain, unpack } from '../../src/quant/encode/packing.ts';

const AT = { file: 'm.onnx', node: 'fc', tensor: 'w' };

function clustered(dims: readonly number[], clusters: number, value?: (i: number) => number): ClusteredWeight {
  const random = seededRandom(5);
  const data = Float32Array.from({ length: sizeOf(dims) }, (_, i) => value?.(i) ?? random.normal());
  return clusterWeight(tensor('float32', dims, data), { clusters, start: 'linear' }, AT, NEVER);
}

describe('a clustered weight', () => {
  it.each([
    [2, 1],
    [3, 2],
    [16, 4],
    [17, 5],
    [256, 8],
    [257, 9],
    [1000, 10],
  ])('of %i centroids has indices of %i bits, which its table makes the centroids again', (clusters, bits) => {
    const { quantized, weight, centroids, stored } = clustered([40, 50], clusters);
    const { qmin, dtype } = quantized.params.scheme;
    expect([centroids.length, stored.bits, dtype]).toEqual([clusters, bits, bits > 8 ? 'int16' : 'int8']);
    expect(quantized.codes.dims).toEqual([40, 50]);
    expect(dequantize(quantized)).toEqual(weight.data);
    const codes = quantized.codes.data as Int8Array | Int16Array;
    const block = { codes, bits, zeroAt: () => 0 };
    const bytes = packPlain(block);
    expect(stored).toMatchObject({ encoding: 'clusters', elements: 2000, codeBytes: bytes.length });
    expect(bytes.length).toBe(Math.ceil((2000 * bits) / 8));
    expect(stored.parameterBytes).toBe(4 * clusters);
    expect(bytes.length + stored.parameterBytes).toBe(mostClusteredBytes(2000, clusters));
    const again = codes.slice();
    unpack({ encoding: 'plain', bytes }, { ...block, codes: again.fill(0) });
    expect(Float32Array.from(again, (q) => centroids[q - qmin] as number)).toEqual(weight.data);
  });

  it('takes few bits where it has few values, and is exact then', () => {
    const { centroids, stored, sqnrDb } = clustered([3, 100], 16, (i) => (i % 3) - 1);
    expect([[...centroids], stored.bits, sqnrDb]).toEqual([[-1, 0, 1], 2, Infinity]);
    const one = clustered([4, 4], 16, () => 0.5);
    expect([[...one.centroids], one.stored.bits, one.stored.codeBytes]).toEqual([[0.5], 1, 2]);
    expect(dequantize(one.quantized)).toEqual(one.weight.data);
  });

  it('errs less with more centroids', () => {
    const figures = [4, 16, 64].map((clusters) => clustered([100, 100], clusters).sqnrDb);
    expect(figures).toEqual([...figures].sort((a, b) => a - b));
    expect(figures[1]).toBeGreaterThan(19); // the best 16 levels for a normal distribution give 20.2 dB (Max, 1960)
    expect(figures[1]).toBeLessThan(20.6);
  });

  it('is refused where it is not finite', () => {
    const make = () => clustered([2, 2], 4, (i) => (i === 3 ? NaN : i === 2 ? Infinity : i));
    expect(make).toThrow(DiagnosticError);
    expect(make).toThrow(/1 NaN and 1 infinite values/);
  });

  it('has codes of the bits that tell its centroids apart', () => {
    expect(clusterScheme(256)).toMatchObject({ dtype: 'int8', qmin: -128, qmax: 127, bits: 8 });
    expect(clusterScheme(65536)).toMatchObject({ dtype: 'int16', qmin: -32768, qmax: 32767, bits: 16 });
  });
});
