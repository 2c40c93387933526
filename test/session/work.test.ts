import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { applyChange } from '../../src/config/changes.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { ConfigChange } from '../../src/protocol/changes.ts';
import type { MacsView, RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';

const SAMPLE = fileURLToPath(new URL('../../media/sample', import.meta.url));
const configPath = join(SAMPLE, 'full_quant.cfg');
const configText = readFileSync(configPath, 'utf8')
  .replace(/^calibrate_size=.*$/m, 'calibrate_size=4')
  .replace(/^evaluate_size=.*$/m, 'evaluate_size=4')
  .replace(/^debug_info_save_path=.*$/m, '');

describe('the work of a quantized model', () => {
  let session: Session;
  let run: RunView;
  /** Of the two nodes that multiply. */
  let [conv, fc] = [0, 0];

  beforeAll(async () => {
    session = createSession({
      kernels: createJsKernels(),
      files: nodeFiles,
      clock: { now: () => 0 },
      onProgress: () => {},
    });
    const { nodes } = await session.open(join(SAMPLE, 'mnist.onnx'));
    run = await session.quantize({ configText, configPath });
    const { values } = await session.metrics.column({ metric: 'macs', of: 'mean' });
    [conv, fc] = ['conv1', 'fc'].map((handle) => values[nodes.findIndex((n) => n.handle === handle)] ?? 0) as [
      number,
      number,
    ];
  });

  async function macsAfter(change: ConfigChange): Promise<MacsView | undefined> {
    return (await session.trial({ configText: applyChange(configText, change), configPath })).run.macs;
  }

  test('is on integers where a node is quantized, a clamp behind it or not', () => {
    expect(conv).toBeGreaterThan(0);
    expect(fc).toBeGreaterThan(0);
    expect(run.macs).toEqual({ integer: conv + fc, wide: 0, float: 0, cost: 0.25 });
  });

  test('is float where a node is skipped, and costs by precision', async () => {
    expect(await macsAfter({ skip: ['conv1'] })).toEqual({
      integer: fc,
      wide: 0,
      float: conv,
      cost: (fc * 0.25 + conv) / (fc + conv),
    });
    // Codes of 16 bits are computed with in float here, as the node's own figures say; a device may have kernels for them.
    expect(await macsAfter({ overrides: { fc: 'int16' } })).toEqual({
      integer: conv,
      wide: fc,
      float: 0,
      cost: (conv * 0.25 + fc) / (fc + conv),
    });
    expect(await macsAfter({ overrides: { fc: 'float16' } })).toMatchObject({
      integer: conv,
      float: fc,
      cost: (conv * 0.25 + fc * 0.5) / (fc + conv),
    });
  });

  test('figures of single samples have the mean of the run', () => {
    const each = run.perSample ?? [];
    expect(each.map(({ name }) => name.length > 0)).toEqual([true, true, true, true]);
    const mean = each.reduce((sum, { cosine }) => sum + cosine, 0) / each.length;
    expect(mean).toBeCloseTo(run.outputs[0]?.cosine ?? 0, 12);
  });
});
