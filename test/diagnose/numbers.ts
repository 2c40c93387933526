import type { ErrorNumbers, NodeNumbers, TensorNumbers, WeightNumbers } from '../../src/diagnose/numbers.ts';

/** A node that nothing is wrong with. */
export function healthyNode(change: Partial<NodeNumbers> = {}): NodeNumbers {
  return {
    handle: 'conv1',
    opType: 'Conv',
    tensors: [healthyTensor()],
    meeting: [],
    weight: healthyWeight(),
    error: healthyError(),
    island: null,
    ...change,
  };
}

export function healthyTensor(change: Partial<TensorNumbers> = {}): TensorNumbers {
  return {
    tensor: 't',
    valueId: 1,
    lo: -1,
    hi: 1,
    kurtosis: 3,
    power: 0.1,
    rounding: (2 / 255) ** 2 / 12,
    clipping: 0,
    clippedShare: 0,
    clippedFar: 0,
    farSample: '',
    grid: { lo: -1, hi: 1, scale: 2 / 255, codes: 256, negative: 128, mapping: 'asymmetric', bits: 8 },
    bulkCodes: 250,
    best: { lo: -1, hi: 1, noise: 1 },
    channels: { count: 16, spread: 2, widest: 3, middleCodes: 128, alive: 16, lost: 0 },
    calibrated: { lo: -1, hi: 1 },
    unseen: 0,
    ...change,
  };
}

export function healthyWeight(change: Partial<WeightNumbers> = {}): WeightNumbers {
  return {
    tensor: 'w',
    valueId: 2,
    bits: 8,
    granularity: 'perChannel',
    sqnrDb: 40,
    channels: null,
    raised: { factor: 1, channels: 0 },
    ...change,
  };
}

/** Half of what it makes alone comes from its inputs, and a third of all is its own. */
export function healthyError(change: Partial<ErrorNumbers> = {}): ErrorNumbers {
  return { signal: 1, total: 3e-4, own: 1e-4, fromInputs: 3e-5, fromOutput: 3e-5, ...change };
}
