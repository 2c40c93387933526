import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import type { RunView, TensorView } from '../../src/protocol/views.ts';
import type { Session } from '../../src/session/index.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { configOf, IMAGENET_LABELS, MOBILENET, SQUEEZENET } from './realModels.ts';
import { openSession, printTable, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

const TORCH_QDQ = sharedData('quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx');
const ORT_QDQ = sharedData('ort-baseline/models/squeezenet.minmax.pc.u8.onnx');

describeWithShared('models quantized elsewhere', () => {
  const folder = temporaryFolder();
  const configPath = join(folder.path, 'a.cfg');
  afterAll(() => folder.remove());

  let kernels: KernelSet;
  beforeAll(async () => {
    kernels = await wasmKernels();
  });

  test('MobileNetV2 of torch: all pairs are found behind Identity and Cast', async () => {
    const session = await openSession(TORCH_QDQ, kernels);
    expect((await session.open(TORCH_QDQ)).quantization).toEqual({
      format: 'QDQ',
      activations: 66,
      activationTypes: ['uint8'],
      weights: 106,
      weightTypes: ['int8', 'int32'],
      integerOperators: 0,
    });
  });

  test('MobileNetV2 of torch: its float parent was made from it, so every weight matches and nothing else changes', async () => {
    const m = { ...MOBILENET, path: TORCH_QDQ, calibrationSamples: 1, evaluationSamples: 40 };
    const text = configOf(m, { labels: IMAGENET_LABELS });
    const session = await openSession(TORCH_QDQ, kernels);
    const alone = await session.quantize({ configText: text, configPath });
    const withParent = text.replace('[quantscope]', `[quantscope]\nfloat_model=${MOBILENET.path}`);
    const run = await session.quantize({ configText: withParent, configPath });
    const figures = ({ outputs, accuracy, nodes }: RunView) => ({ outputs, accuracy, nodes });
    expect(figures(run)).toEqual(figures(alone));
    expect(run.diagnostics.filter((d) => d.code.startsWith('SES41'))).toEqual([]);
    const weights = (await tensorsOf(session, run, ['Conv', 'Gemm'])).filter((t) => t.kind === 'Weight');
    expect(weights).toHaveLength(106);
    expect(weights.filter((t) => t.cosine !== 1 || t.mse !== 0)).toEqual([]);
    printTable('MobileNetV2 of torch, 40 images', [
      {
        'float top-1 %': 100 * (run.accuracy?.top1.float ?? Number.NaN),
        'int8 top-1 %': 100 * (run.accuracy?.top1.quantized ?? Number.NaN),
        cosine: run.outputs[0]?.cosine ?? Number.NaN,
      },
    ]);
    expect(run.accuracy?.top1.float).toBeGreaterThan(0.7);
    expect(run.nodes.filter((n) => n.opType === 'Conv' && n.quantized)).toHaveLength(52);
    const all = await tensorsOf(session, run, ['QuantizeLinear']);
    const quantized = all.filter((t) => t.dtype === 'float32' && (t.dims?.length ?? 0) > 1);
    expect(quantized).toHaveLength(66);
    expect(quantized.filter((t) => t.quant === null || t.fileQuant !== null)).toEqual([]);
  });

  test('SqueezeNet of onnxruntime: reports show every weight of the parent and of the file', async () => {
    const m = { ...SQUEEZENET, path: ORT_QDQ, calibrationSamples: 2, evaluationSamples: 2 };
    const report = join(folder.path, 'report');
    const text = configOf(m).replace('[quantscope]', `[quantscope]\nfloat_model=${SQUEEZENET.path}`);
    const session = await openSession(ORT_QDQ, kernels);
    const run = await session.quantize({ configText: text, configPath, reportFolder: report });
    const rows = readFileSync(join(report, 'round_1.csv'), 'utf8')
      .split('\n')
      .map((line) => line.split(','));
    const parameters = readFileSync(join(report, 'quant_param.csv'), 'utf8').split('\n');
    expect(parameters.filter((line) => line.includes(',QuantizeLinear,'))).toHaveLength(42);
    const weightRows = rows.filter(
      ([, , type, , side, , kind]) => type === 'Conv' && side === 'Input' && kind === 'Weight',
    );
    expect(weightRows).toHaveLength(2 * 52);
    expect(weightRows.filter((cells) => cells[7] === '')).toEqual([]);
    const weights = (await tensorsOf(session, run, ['Conv'])).filter((t) => t.kind === 'Weight');
    expect(weights).toHaveLength(52);
    // To nearest, with nothing clipped: no element is further from its code than half a step, and float32 rounding.
    const halfStep = ({ quant }: TensorView) => (Math.max(...(quant?.scale ?? [])) / 2) * (1 + 2 ** -20);
    expect(weights.filter((t) => !(t.mse !== null && t.mse > 0 && t.mse <= halfStep(t) ** 2))).toEqual([]);
  });
});

async function tensorsOf(session: Session, run: RunView, opTypes: readonly string[]): Promise<TensorView[]> {
  const tensors: TensorView[] = [];
  for (const { nodeId, opType } of run.nodes)
    if (opTypes.includes(opType)) tensors.push(...(await session.details(nodeId)).tensors);
  return tensors;
}
