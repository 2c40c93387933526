import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { createSession } from '../../src/session/index.ts';
import { model } from '../models/model.ts';

const folder = mkdtempSync(join(tmpdir(), 'quantscope-chained-'));
const DIMS = [1, 4, 6, 6];

beforeAll(() => {
  mkdirSync(join(folder, 'x'));
  for (const seed of [1, 2]) {
    const random = seededRandom(seed);
    const x = Float32Array.from({ length: sizeOf(DIMS) }, () => 2 * random.next() - 1);
    writeFileSync(join(folder, 'x', `${seed}.bin`), x);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Convolutions, with x * Sigmoid(x) and x * Clip(x + 3, 0, 6) / 6 between them. */
function activatedModel() {
  const net = model().input('x', DIMS);
  for (const number of [0, 3, 6]) net.floats(`${number}`, [], [number]);
  net.at('x').conv({ channels: 8, kernel: 3 });
  const swished = net.current;
  net.elementwise('Sigmoid').elementwise('Mul', [swished]).conv({ channels: 8, kernel: 3 });
  const x = net.current;
  net.elementwise('Add', ['3']).elementwise('Clip', ['0', '6']).elementwise('Mul', [x]).elementwise('Div', ['6']);
  return net.conv({ channels: 4, kernel: 1 }).output().build();
}

test.each([[[] as string[]], [['Sigmoid', 'Mul']], [['Add', 'Clip', 'Mul', 'Div']]])(
  'every node inside an activation written as a chain is calibrated and compared, %j left float',
  async (left) => {
    const built = activatedModel();
    const skipped = built.model.graph.nodes.filter((n) => left.includes(n.opType)).map((n) => n.name);
    const path = join(folder, 'activated.onnx');
    writeFileSync(path, await built.bytes());
    const parts = {
      kernels: createJsKernels(),
      files: nodeFiles,
      clock: { now: () => 0 },
      onProgress: () => undefined,
    };
    const session = createSession(parts);
    await session.open(path);
    const lines = [
      '[common_quant_param]',
      'quant_type=FULL_QUANT',
      ...(skipped.length === 0 ? [] : [`skip_quant_node=${skipped}`]),
      '[data_preprocess_param]',
      `calibrate_path=x:${join(folder, 'x')}`,
      'calibrate_size=2',
      'input_type=BIN',
      '[quantscope]',
      'bin_layout=NCHW',
    ];
    const reportFolder = join(folder, 'report');
    const view = await session.quantize({
      configText: lines.join('\n'),
      configPath: join(folder, 'a.cfg'),
      reportFolder,
    });
    const compared = view.nodes.filter((n) => n.cosine !== null).map((n) => n.opType);
    expect(compared).toEqual(expect.arrayContaining(['Conv', 'Sigmoid', 'Mul', 'Clip', 'Div']));
    for (const node of view.nodes) if (node.cosine !== null) expect(node.cosine).toBeGreaterThan(0.99);
  },
);
