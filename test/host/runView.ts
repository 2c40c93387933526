import type { NodeFigures, RunView } from '../../src/protocol/views.ts';

/** Figures of a run, changed where a test says so. */
export function runView(change: Partial<RunView> = {}): RunView {
  return {
    runId: 1,
    model: 'm.onnx',
    config: 'c.cfg',
    quantType: 'FULL_QUANT',
    method: 'FULL_QUANT, target onnxruntime',
    evaluatedOn: 'calibration samples 0-7',
    samples: 8,
    outputs: [{ name: 'y', cosine: 1, sqnrDb: Number.POSITIVE_INFINITY }],
    nodes: [nodeFigures()],
    accuracy: null,
    sizes: { float: 400, quantized: 100, floatGzip: null, quantizedGzip: null, effectiveBits: null, weights: [] },
    autoTune: null,
    clusters: null,
    requantizers: null,
    differences: null,
    elapsedMs: 1234,
    diagnostics: [],
    reportFolder: null,
    ...change,
  };
}

/** Figures of a quantized node that may be skipped. */
export function nodeFigures(change: Partial<NodeFigures> = {}): NodeFigures {
  return {
    nodeId: 0,
    handle: 'conv1',
    opType: 'Conv',
    quantized: true,
    form: 'integer',
    precision: 'int8',
    why: '',
    canSkip: true,
    skipped: false,
    cosine: 0.999,
    sqnrDb: 30,
    localSqnrDb: 35,
    clipRate: 0,
    sensitivity: null,
    ...change,
  };
}
