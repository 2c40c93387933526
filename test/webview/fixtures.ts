import { type MetricColumn, type MetricId, type MetricRequest, metricInfo } from '../../src/protocol/metrics.ts';
import type {
  GraphView,
  NodeDetails,
  NodeFigures,
  NodeView,
  RunView,
  StatsView,
  TensorView,
  ValueView,
} from '../../src/protocol/views.ts';

/** Adds nodes one after the other and keeps the books of values. */
export function graphBuilder() {
  const nodes: NodeView[] = [];
  const values: ValueView[] = [];
  const value = (name: string, kind: ValueView['kind'], dims: readonly (number | string)[] | null) =>
    values.push({ id: values.length, name, kind, dtype: 'float32', dims }) - 1;
  const node = (
    opType: string,
    inputs: readonly (number | null)[],
    dims: readonly (number | string)[] | null,
    more: Partial<NodeView> = {},
  ): number => {
    const id = nodes.length;
    const handle = more.handle ?? `${opType}_${id}`;
    const output = value(`${handle}_output_0`, 'activation', dims);
    nodes.push({
      id,
      handle,
      name: handle,
      opType,
      domain: '',
      inputs,
      outputs: [output],
      attributes: [],
      supported: true,
      ...more,
    });
    return output;
  };
  return { nodes, values, value, node };
}

const CONV = (kernel: number, stride: number, group: number) => [
  { name: 'dilations', value: '[1, 1]' },
  { name: 'group', value: String(group) },
  { name: 'kernel_shape', value: `[${kernel}, ${kernel}]` },
  { name: 'pads', value: kernel === 3 ? '[1, 1, 1, 1]' : '[0, 0, 0, 0]' },
  { name: 'strides', value: `[${stride}, ${stride}]` },
];

/** A graph of MobileNetV2's form: about 150 nodes with 17 inverted residual blocks. */
export function mobileNet(): GraphView {
  const b = graphBuilder();
  const input = b.value('input', 'input', ['batch_size', 3, 224, 224]);
  let c = 3;
  let size = 224;
  const conv = (x: number, to: number, kernel: number, stride: number, group: number, prefix: string) => {
    const w = b.value(`${prefix}.weight`, 'constant', [to, c / group, kernel, kernel]);
    const bias = b.value(`${prefix}.bias`, 'constant', [to]);
    c = to;
    size = Math.ceil(size / stride);
    return b.node('Conv', [x, w, bias], ['batch_size', to, size, size], {
      handle: `/features/${prefix}/Conv`,
      attributes: CONV(kernel, stride, group),
    });
  };
  const clip = (x: number, prefix: string) => {
    const lo = b.value(`${prefix}.min`, 'constant', []);
    const hi = b.value(`${prefix}.max`, 'constant', []);
    return b.node('Clip', [x, lo, hi], ['batch_size', c, size, size], { handle: `/features/${prefix}/Clip` });
  };
  let x = clip(conv(input, 32, 3, 2, 1, 'features.0.0'), 'features.0.2');
  let block = 1;
  for (const [expand, channels, repeat, firstStride] of [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ] as const) {
    for (let i = 0; i < repeat; i++) {
      const from = c;
      const start = x;
      const prefix = `features.${block}/conv`;
      const stride = i === 0 ? firstStride : 1;
      const wide = from * expand;
      if (expand > 1) x = clip(conv(x, wide, 1, 1, 1, `${prefix}/conv.0/conv.0.0`), `${prefix}/conv.0/conv.0.2`);
      x = clip(conv(x, wide, 3, stride, wide, `${prefix}/conv.1/conv.1.0`), `${prefix}/conv.1/conv.1.2`);
      x = conv(x, channels, 1, 1, 1, `${prefix}/conv.2`);
      if (stride === 1 && from === channels) {
        x = b.node('Add', [start, x], ['batch_size', c, size, size], { handle: `/features/features.${block}/Add` });
      }
      block++;
    }
  }
  x = clip(conv(x, 1280, 1, 1, 1, 'features.18/features.18.0'), 'features.18/features.18.2');
  const pooled = b.node('GlobalAveragePool', [x], ['batch_size', 1280, 1, 1], { handle: '/GlobalAveragePool' });
  const constant = b.nodes.length;
  const axis = b.value('/Constant_output_0', 'constant', []);
  b.nodes.push({
    id: constant,
    handle: '/Constant',
    name: '/Constant',
    opType: 'Constant',
    domain: '',
    inputs: [],
    outputs: [axis],
    attributes: [{ name: 'value', value: '1' }],
    supported: true,
  });
  const flat = b.node('Flatten', [pooled, axis], ['batch_size', 1280], { handle: '/Flatten' });
  const w = b.value('classifier.1.weight', 'constant', [1000, 1280]);
  const bias = b.value('classifier.1.bias', 'constant', [1000]);
  const output = b.node('Gemm', [flat, w, bias], ['batch_size', 1000], {
    handle: '/classifier/classifier.1/Gemm',
    attributes: [
      { name: 'alpha', value: '1' },
      { name: 'transB', value: '1' },
    ],
  });
  return viewOf('mobilenetv2.onnx', b, [input], [output]);
}

/** A detector of about `count` nodes: blocks with branches, skips over many layers, two outputs. */
export function largeGraph(count: number): GraphView {
  const b = graphBuilder();
  const input = b.value('images', 'input', [1, 3, 640, 640]);
  const dims = [1, 64, 80, 80];
  let x = b.node('Conv', [input, b.value('w0', 'constant', [64, 3, 3, 3])], dims);
  const skips: number[] = [];
  while (b.nodes.length < count - 4) {
    const start = x;
    const branches = [1, 2, 3].map((length) => {
      let y = start;
      for (let i = 0; i < length; i++) {
        y = b.node('Conv', [y, b.value(`w${b.nodes.length}`, 'constant', [64, 64, 3, 3])], dims);
        y = b.node('Relu', [y], dims);
      }
      return y;
    });
    x = b.node('Concat', branches, dims);
    if (b.nodes.length % 5 === 0) skips.push(x);
    if (skips.length > 3) x = b.node('Add', [x, skips.shift() ?? x], dims);
  }
  const boxes = b.node('Conv', [x, b.value('wb', 'constant', [4, 64, 1, 1])], [1, 4, 80, 80]);
  const scores = b.node('Sigmoid', [x], dims);
  return viewOf('detector.onnx', b, [input], [boxes, scores]);
}

/** A graph of what was built. */
export function viewOf(
  file: string,
  b: ReturnType<typeof graphBuilder>,
  inputs: readonly number[],
  outputs: readonly number[],
): GraphView {
  return {
    file,
    name: 'main_graph',
    opsets: 'ai.onnx 13',
    producer: 'pytorch 2.1.0',
    nodes: b.nodes,
    values: b.values,
    inputs,
    outputs,
    diagnostics: [],
    quantization: null,
    runnable: true,
  };
}

/** The same graph with two operators that cannot run, and the coverage list that says so. */
export function withUnsupported(graph: GraphView): GraphView {
  const bad = new Set([graph.nodes[20]?.id, graph.nodes[31]?.id]);
  const nodes = graph.nodes.map((n) =>
    bad.has(n.id) ? { ...n, opType: 'FancyNorm', domain: 'com.example', supported: false } : n,
  );
  const diagnostics = nodes
    .filter((n) => !n.supported)
    .map((n) => ({
      severity: 'error' as const,
      code: 'EXE301',
      message: 'com.example.FancyNorm is not supported at opset 1',
      at: { file: graph.file, node: n.handle, opType: n.opType },
    }));
  return { ...graph, nodes, diagnostics, runnable: false };
}

/** Repeatable numbers in [0, 1) by position. */
function noise(i: number): number {
  const x = Math.sin(i * 12.9898 + 4.1414) * 43758.5453;
  return x - Math.floor(x);
}

/** A full run: similarity falls slowly, some nodes are much worse, activations are fused. */
export function runOf(graph: GraphView, skipped: ReadonlySet<string> = new Set()): RunView {
  const healed = skipped.size * 0.0007;
  const nodes = graph.nodes.map((n, i): NodeFigures => {
    const fused = n.opType === 'Clip' || n.opType === 'Relu';
    const constant = n.opType === 'Constant';
    const isSkipped = skipped.has(n.handle);
    const loss = 0.00004 * i + (noise(i) > 0.93 ? 0.09 * noise(i + 7) : 0.004 * noise(i + 3) ** 3) - healed;
    const cosine = isSkipped ? 0.99998 : Math.max(0, Math.min(1, 1 - Math.max(0, loss)));
    const measured = !fused && !constant;
    return {
      nodeId: n.id,
      handle: n.handle,
      opType: n.opType,
      quantized: measured && !isSkipped,
      form: constant
        ? 'constant'
        : isSkipped
          ? 'skipped'
          : fused
            ? 'fused'
            : n.opType === 'Flatten'
              ? 'float'
              : 'integer',
      why: constant
        ? 'a constant of the model'
        : isSkipped
          ? 'it is in skip_quant_node'
          : fused
            ? 'its range is folded into the node before it'
            : 'int8 weights per channel, uint8 activations',
      precision: constant ? null : fused ? null : 'int8',
      canSkip: !constant && n.opType !== 'Flatten',
      skipped: isSkipped,
      cosine: measured ? cosine : null,
      sqnrDb: measured ? (cosine === 1 ? Number.POSITIVE_INFINITY : -10 * Math.log10(2 * (1 - cosine) + 1e-9)) : null,
      localSqnrDb: measured ? 28 + 14 * noise(i + 11) : null,
      clipRate: measured ? noise(i + 5) ** 6 * 0.04 : null,
      sensitivity: null,
    };
  });
  const cosine = 0.9931 + healed * 3;
  return {
    runId: 1 + skipped.size,
    model: graph.file,
    config: '/home/user/models/full_quant.cfg',
    quantType: 'FULL_QUANT',
    method:
      'FULL_QUANT, target onnxruntime, activations uint8 asymmetric by MAX_MIN, weights int8 symmetric per channel',
    evaluatedOn: 'calibration samples 0-7',
    samples: 8,
    outputs: graph.outputs.map((id, i) => ({
      name: graph.values[id]?.name ?? '',
      cosine: cosine - i * 0.01,
      sqnrDb: 18.4 + skipped.size,
    })),
    nodes,
    accuracy: {
      samples: 400,
      top1: { float: 0.7125, quantized: 0.699 + skipped.size * 0.002 },
      top5: { float: 0.9, quantized: 0.895 },
      discordant: { float: 8, quantized: 3 },
    },
    sizes: {
      float: 13_986_000,
      quantized: 3_620_000,
      floatGzip: null,
      quantizedGzip: null,
      effectiveBits: null,
      weights: [],
    },
    autoTune: null,
    clusters: null,
    requantizers: null,
    differences: null,
    elapsedMs: 4310,
    diagnostics: [],
    reportFolder: '/home/user/models/report',
  };
}

/** A metric of all nodes, as the host would give it; figures of single samples lie around the mean. */
export function columnOf(
  graph: GraphView,
  run: RunView | null,
  { metric, of }: MetricRequest,
  sensitivity: ReadonlyMap<number, number> = new Map(),
): MetricColumn {
  const { perSample } = metricInfo(metric);
  const figures = new Map(run?.nodes.map((n) => [n.nodeId, n]));
  const values = graph.nodes.map((node, i) => {
    const mean = figureOf(metric, { node, index: i, figures: figures.get(node.id), sensitivity });
    return perSample && of !== 'mean' ? onSample(metric, mean, of === 'worst' ? SAMPLES.length : of) : mean;
  });
  return { metric, of, samples: perSample ? SAMPLES : [], values: Float64Array.from(values) };
}

const SAMPLES = Array.from({ length: 8 }, (_, i) => `n0153${i}_goldfish.JPEG`);

interface ValueParts {
  readonly node: GraphView['nodes'][number];
  readonly index: number;
  readonly figures: NodeFigures | undefined;
  readonly sensitivity: ReadonlyMap<number, number>;
}

function figureOf(metric: MetricId, { node, index, figures, sensitivity }: ValueParts): number {
  const isWeighted = node.opType === 'Conv' || node.opType === 'Gemm';
  if (metric === 'macs') return isWeighted ? 1e5 * (1 + ((index * 37) % 101)) : Number.NaN;
  if (metric === 'bytes') return isWeighted ? 512 * (1 + ((index * 53) % 997)) : Number.NaN;
  if (metric === 'sensitivity') return sensitivity.get(node.id) ?? Number.NaN;
  if (figures === undefined) return Number.NaN;
  if (metric === 'timeMs' || metric === 'floatTimeMs') return 0.01 * (1 + ((index * 29) % 83));
  if (metric === 'weightError') return isWeighted ? 0.002 * (1 + ((index * 13) % 11)) : Number.NaN;
  const { cosine, sqnrDb, localSqnrDb, clipRate } = figures;
  const error = (db: number | null): number => (db === null ? Number.NaN : 10 ** (-db / 20));
  const known: Partial<Record<MetricId, number | null>> = {
    cosine,
    sqnrDb,
    localSqnrDb,
    clipRate,
    saturation: clipRate,
    localError: error(localSqnrDb),
    cumulativeError: error(sqnrDb),
    mse: error(sqnrDb) ** 2,
    rmseScale: 0.2 + 10 * error(sqnrDb),
  };
  return known[metric] ?? Number.NaN;
}

function onSample(metric: MetricId, mean: number, sample: number): number {
  if (metric === 'cosine') return 1 - (1 - mean) * (1 + sample / 8);
  return metricInfo(metric).higherIsBetter ? mean - sample / 4 : mean * (1 + sample / 8);
}

function stats(scale: number, shift: number): StatsView {
  return {
    min: -3.2 * scale + shift,
    q1: -0.61 * scale + shift,
    median: 0.04 * scale + shift,
    q3: 0.72 * scale + shift,
    max: 4.1 * scale + shift,
    mean: 0.06 * scale + shift,
    variance: 0.93 * scale * scale,
    sparsity: 0.021,
  };
}

/** Details with one card per tensor of the node. */
export function detailsOf(graph: GraphView, run: RunView | null, nodeId: number): NodeDetails {
  const node = graph.nodes.find((n) => n.id === nodeId);
  if (node === undefined) throw new Error(`no node ${nodeId}`);
  const figures = run?.nodes.find((f) => f.nodeId === nodeId) ?? null;
  const tensors = [
    ...node.inputs.map((id) => ['Input', id] as const),
    ...node.outputs.map((id) => ['Output', id] as const),
  ].flatMap(([role, id]): TensorView[] => {
    const value = graph.values.find((v) => v.id === id);
    if (value === undefined) return [];
    const weight = value.kind === 'constant';
    const channels = weight && (value.dims?.length ?? 0) === 4 ? Number(value.dims?.[0]) : 1;
    const scale = Array.from({ length: channels }, (_, i) => 0.0123 * (1 + noise(i + nodeId)));
    const quantized = run !== null && figures?.form === 'integer';
    return [
      {
        valueId: value.id,
        name: value.name,
        role,
        kind: weight ? 'Weight' : 'Activation',
        dtype: value.dtype,
        dims: value.dims,
        quant: quantized
          ? {
              dtype: weight ? 'int8' : 'uint8',
              scale,
              zeroPoint: scale.map(() => (weight ? 0 : 114)),
              axis: channels > 1 ? 0 : null,
              range: weight ? null : [-3.21, 4.08],
            }
          : null,
        fileQuant: null,
        stored: null,
        origin: run === null ? null : stats(1, 0),
        dequant: quantized ? stats(0.97, 0.02) : null,
        cosine: quantized ? 0.99921 : null,
        sqnrDb: quantized ? 31.4 : null,
        mse: quantized ? 0.00071 : null,
        clipRate: quantized ? 0.0031 : null,
        saturation: quantized ? 0.0042 : null,
      },
    ];
  });
  return { node, figures, tensors, requantizer: null };
}
