import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyChange } from '../../src/config/changes.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { CHOICE_WORDS, CHOICES, rangeWord } from '../../webview/whatif/nodeWords.ts';
import { allowedWords, choiceObstacle, situationOf } from '../../webview/whatif/situation.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const NO_EFFECT = 'QNT231';
const folder = mkdtempSync(join(tmpdir(), 'quantscope-offered-'));
const configPath = join(folder, 'full_quant.cfg');
let session: Session;
let graph: GraphTable;
let configText = '';
let base: RunView;

beforeAll(async () => {
  cpSync(SAMPLE, folder, { recursive: true });
  configText = readFileSync(configPath, 'utf8')
    .replace('calibrate_size=100', 'calibrate_size=4')
    .replace('evaluate_size=500', 'evaluate_size=2');
  const parts = { kernels: createJsKernels(), files: nodeFiles, clock: { now: () => 0 }, onProgress: () => undefined };
  session = createSession(parts);
  graph = new GraphTable(encodeGraph(await session.open(join(folder, 'mnist.onnx'))));
  base = await session.quantize({ configText, configPath });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the view would offer for a node that is as the last run left it. */
function offered(node: number) {
  const figures = base.nodes.find((f) => f.nodeId === graph.nodeId(node));
  const situation = situationOf(graph, node, { run: base, figures, pending: new Map() });
  return {
    words: (choice: keyof typeof CHOICE_WORDS) =>
      choiceObstacle(choice, situation) === undefined ? allowedWords(choice, situation) : [],
    range: choiceObstacle('range', situation) === undefined,
  };
}

const nodesOf = (applies: (node: number) => boolean): string[] =>
  Array.from({ length: graph.nodeCount }, (_, node) => node)
    .filter(applies)
    .map((node) => graph.handle(node));

async function idle(handles: readonly string[], word: string): Promise<string[]> {
  const overrides = Object.fromEntries(handles.map((handle) => [handle, word]));
  const trial = await session.trial({ configText: applyChange(configText, { overrides }), configPath });
  expect(trial.run.choices?.overrides).toEqual(overrides);
  return trial.run.diagnostics.filter((d) => d.code === NO_EFFECT).map((d) => d.message);
}

test('the general choice is the config’s', () => {
  expect(base.choices).toEqual({
    activations: { type: 'uint8', symmetry: 'asymmetric', method: 'MAX_MIN' },
    weights: { bits: 8, perChannel: true },
    overrides: {},
  });
});

test.each(CHOICES.flatMap((choice) => CHOICE_WORDS[choice].map((word) => [choice, word] as const)))(
  'every node that %s %s is offered for takes it',
  async (choice, word) => {
    const handles = nodesOf((node) => offered(node).words(choice).includes(word));
    expect(handles.length).toBeGreaterThan(0);
    expect(await idle(handles, word)).toEqual([]);
  },
);

test('every node whose range can be set takes one', async () => {
  const handles = nodesOf((node) => offered(node).range);
  expect(handles.length).toBeGreaterThan(1);
  expect(await idle(handles, rangeWord(-1.5, 2.5))).toEqual([]);
});

test('a node without a weight is offered nothing of weights, which would have no effect', async () => {
  const withoutWeight = nodesOf((node) => offered(node).range && offered(node).words('granularity').length === 0);
  expect(withoutWeight.some((handle) => handle.startsWith('relu'))).toBe(true);
  expect(await idle(withoutWeight, 'per_layer')).toHaveLength(withoutWeight.length);
});
