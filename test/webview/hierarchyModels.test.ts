import { expect, test } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { createSession } from '../../src/session/index.ts';
import { buildHierarchy } from '../../webview/graph/hierarchy/hierarchy.ts';
import { buildScene } from '../../webview/graph/scene.ts';
import { describeWithShared, inventory, sharedData } from '../helpers/sharedData.ts';
import { groupsWithCircles, outline } from './hierarchyChecks.ts';

async function tableOf(path: string): Promise<GraphTable> {
  const session = createSession({
    kernels: createJsKernels(),
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: () => undefined,
  });
  return new GraphTable(encodeGraph(await session.open(sharedData(path))));
}

const MODELS = {
  squeezeNet: 'models/cls/squeezenet_fp16.onnx',
  mobileNet: 'models/derived/mobilenet_v2_float_from_qdq.onnx',
  mobileNetQdq: 'quant-pairs/mobilenet_v2_torchvision_qdq/model.onnx',
  bert: 'models/nlp/tfbert_qa_tiny.onnx',
  gpt2: 'models/nlp/gpt2_past_tiny.onnx',
  ocr: 'models/ocr/ppocrv4_rec.onnx',
  yolox: 'models/det/yolox_nano_416.onnx',
  ultraFace: 'models/face/ultraface_RFB-320.onnx',
} as const;

/** Labels and blocks of the groups that are this block, by default in the choice that the editor makes itself. */
async function groupsThatAre(block: string, path: string): Promise<string[]> {
  const { groups } = buildHierarchy(await tableOf(path));
  return groups.flatMap((group) => (group.block === block ? [group.label] : []));
}

function counted(label: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${label} ${i + 1}`);
}

describeWithShared('the hierarchy of a real model', () => {
  test('has the fire modules of SqueezeNet, by the names of their values', async () => {
    const names = [2, 3, 4, 5, 6, 7, 8, 9].map((i) => `fire${i}`);
    expect(await groupsThatAre('Fire module', MODELS.squeezeNet)).toEqual(names);
  });

  test.each([MODELS.mobileNet, MODELS.mobileNetQdq])(
    'has the 17 inverted residuals of MobileNetV2: %s',
    async (path) => {
      expect(await groupsThatAre('Inverted residual', path)).toEqual(counted('Inverted residual', 17));
    },
  );

  test('has the 24 layers of BERT, an attention in each', async () => {
    const hierarchy = buildHierarchy(await tableOf(MODELS.bert));
    const layers = hierarchy.groups.flatMap(({ block }, g) => (block === 'Transformer layer' ? [g] : []));
    expect(layers.map((g) => hierarchy.groups[g]?.label)).toEqual(Array.from({ length: 24 }, (_, i) => `layer_._${i}`));
    const attentions = hierarchy.groups.filter(({ label, block }) => label === 'attention' && block === 'Attention');
    expect(attentions.map(({ parent }) => parent)).toEqual(layers);
    expect(outline(hierarchy, 1)).toHaveLength(26);
  });

  test('has the 12 layers of GPT-2, which only its weights have names for', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `h.${i}`);
    expect(await groupsThatAre('Transformer layer', MODELS.gpt2)).toEqual(names);
    expect(await groupsThatAre('Attention', MODELS.gpt2)).toHaveLength(12);
    expect(await groupsThatAre('Feed-forward', MODELS.gpt2)).toHaveLength(12);
  });

  test('has the convolutions and the two transformer layers of PP-OCRv4, whose names count only', async () => {
    expect(await groupsThatAre('Depthwise separable convolution', MODELS.ocr)).toHaveLength(14);
    expect(await groupsThatAre('Squeeze-and-excitation', MODELS.ocr)).toHaveLength(2);
    expect(await groupsThatAre('Transformer layer', MODELS.ocr)).toEqual(counted('Transformer layer', 2));
  });

  test('has the cross-stage partial blocks of YOLOX, and the bottlenecks in them', async () => {
    expect(await groupsThatAre('Cross-stage partial block', MODELS.yolox)).toHaveLength(3);
    expect(await groupsThatAre('Inverted residual', MODELS.yolox)).toHaveLength(7);
  });

  test('has backbone and heads of UltraFace, by the names of their weights', async () => {
    const labels = buildHierarchy(await tableOf(MODELS.ultraFace)).groups.map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(['base_net.1', 'base_net.12', 'classification_headers.2']));
  });

  test.each(Object.values(MODELS))('shows between 15 and 100 items when all groups are closed: %s', async (path) => {
    const table = await tableOf(path);
    const hierarchy = buildHierarchy(table);
    const { kind } = buildScene({ table, hierarchy, open: new Set() }, (text) => text.length * 6);
    expect(kind.length).toBeGreaterThanOrEqual(15);
    expect(kind.length).toBeLessThanOrEqual(100);
  });

  test.each(inventory().map((row) => row.path ?? ''))(
    'never runs in a circle, whatever is closed: %s',
    async (path) => {
      const table = await tableOf(path);
      for (const from of ['auto', 'names', 'structure'] as const) {
        expect(groupsWithCircles(table, buildHierarchy(table, from))).toEqual([]);
      }
    },
  );
});
