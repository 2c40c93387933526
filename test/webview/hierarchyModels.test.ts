import { describe, expect, test } from 'vitest';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { createSession } from '../../src/session/index.ts';
import { buildHierarchy } from '../../webview/graph/hierarchy/hierarchy.ts';
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

describeWithShared('the hierarchy of a real model', () => {
  describe('from names', () => {
    test('has a group for each fire module of SqueezeNet, whose values are named after them', async () => {
      const hierarchy = buildHierarchy(await tableOf('models/cls/squeezenet_fp16.onnx'), 'names');
      expect(outline(hierarchy).filter((line) => line.startsWith('fire'))).toEqual([
        ...[2, 3, 4, 5, 6, 7, 8].map((i) => `fire${i} 7`),
        'fire9 8',
      ]);
    });

    test('has all layers of BERT at the top, with attention and feed-forward network in each', async () => {
      const hierarchy = buildHierarchy(await tableOf('models/nlp/tfbert_qa_tiny.onnx'), 'names');
      const lines = outline(hierarchy, 2);
      expect(lines.filter((line) => line.startsWith('layer_.'))).toHaveLength(24);
      const first = lines.findIndex((line) => line.startsWith('layer_._0'));
      expect(lines.slice(first, first + 4).map((line) => line.replace(/ \d+$/, ''))).toEqual([
        'layer_._0',
        '  attention',
        '  intermediate',
        '  output',
      ]);
    });
  });

  test.each(inventory().map((row) => row.path ?? ''))(
    'never runs in a circle, whatever is closed: %s',
    async (path) => {
      const table = await tableOf(path);
      expect(groupsWithCircles(table, buildHierarchy(table))).toEqual([]);
    },
  );
});
