import { expect, it } from 'vitest';
import { statisticsText } from '../../src/host/outline/statisticsText.ts';
import type { NodeDetails, TensorView } from '../../src/protocol/views.ts';

const TENSOR: TensorView = {
  valueId: 1,
  name: 'a\tb',
  role: 'Input',
  kind: 'Activation',
  dtype: 'float32',
  dims: ['batch', 3],
  quant: null,
  fileQuant: null,
  stored: null,
  origin: null,
  dequant: null,
  cosine: null,
  sqnrDb: null,
  mse: null,
  clipRate: null,
  saturation: null,
};

it('writes the tensors of a node as a table that spreadsheets take, without columns that nothing fills', () => {
  const measured: TensorView = {
    ...TENSOR,
    name: 'y',
    role: 'Output',
    quant: { dtype: 'uint8', scale: [0.5], zeroPoint: [128], axis: null, range: null },
    cosine: 0.75,
    sqnrDb: Number.POSITIVE_INFINITY,
  };
  expect(statisticsText(detailsOf([TENSOR, measured]))).toBe(
    [
      'tensor\trole\tkind\tdtype\tshape\tcodes\tscale\tzero point\tcosine\tSQNR (dB)',
      'a b\tInput\tActivation\tfloat32\tbatchx3\t\t\t\t\t',
      'y\tOutput\tActivation\tfloat32\tbatchx3\tuint8\t0.5\t128\t0.75\tInfinity',
      '',
    ].join('\n'),
  );
  expect(statisticsText(detailsOf([]))).toBe('\n');
});

function detailsOf(tensors: readonly TensorView[]): NodeDetails {
  const node = { id: 0, handle: 'n', name: 'n', opType: 'Relu', domain: '', inputs: [], outputs: [], attributes: [] };
  return { node: { ...node, supported: true }, figures: null, tensors, requantizer: null };
}
