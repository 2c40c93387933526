import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { Attribute } from '../../src/graph/model.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { expectClose, normals } from './floatCases.ts';
import { buildNode, type OneNode, runHere } from './oneNode.ts';

const image = normals(seededRandom(2), [2, 3, 6, 5]);
const float = (value: number): Attribute => ({ kind: 'float', value: Math.fround(value) });
const likeOnnxRuntime = (node: Omit<OneNode, 'domain' | 'inputs' | 'opset'>): Promise<void> =>
  expectClose({ domain: '', opset: 9, inputs: [image], ...node }, 1, [createJsKernels()], 4);

describe('operators that ONNX removed compute what ONNX Runtime computes', () => {
  it('ImageScaler scales all channels alike and moves each by its bias', async () => {
    const bias: Attribute = { kind: 'floats', value: [0.5, -1, 2] };
    await likeOnnxRuntime({ type: 'ImageScaler', attributes: { bias, scale: float(0.25) } });
  });

  it('Crop takes a border away, or a window from it on', async () => {
    await likeOnnxRuntime({ type: 'Crop', attributes: { border: [1, 2, 1, 0] } });
    await likeOnnxRuntime({ type: 'Crop', attributes: { border: [1, 2, 0, 0], scale: [3, 2] } });
    const outside = await buildNode({
      type: 'Crop',
      domain: '',
      inputs: [image],
      attributes: { border: [4, 0, 4, 0] },
    });
    await expect(runHere(outside, createJsKernels())).rejects.toThrow(/a window of \[6, -3\] .* is outside \[6, 5\]/);
  });

  it.each(['Affine', 'ParametricSoftplus', 'ScaledTanh'])('%s', async (type) => {
    await likeOnnxRuntime({ type, attributes: { alpha: float(1.5), beta: float(0.75) } });
  });

  it('ThresholdedRelu', () => likeOnnxRuntime({ type: 'ThresholdedRelu', attributes: { alpha: float(0.5) } }));
});
