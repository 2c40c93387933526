import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { RunView } from '../../src/protocol/views.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { type ModelBuilder, model } from '../models/model.ts';

/** Models and configs of one test file, which removes it; the next one makes it anew. */
export const folder = mkdtempSync(join(tmpdir(), 'quantscope-weights-'));
let files = 0;

const BASE = ['quant_type=WEIGHT_QUANT', 'min_quant_weight_channel=0'];

interface Config {
  readonly common?: readonly string[];
  readonly weight?: readonly string[];
  readonly mixed?: readonly string[];
  readonly ours?: readonly string[];
}

export function configOf({ common = [], weight = [], mixed = [], ours = [] }: Config): string {
  const given = new Set(common.map((line) => line.split('=')[0]));
  const base = BASE.filter((line) => !given.has(line.split('=')[0]));
  return [
    '[common_quant_param]',
    ...base,
    ...common,
    '[weight_quant_param]',
    ...weight,
    '[mixed_bit_weight_quant_param]',
    ...mixed,
    '[quantscope]',
    ...ours,
  ].join('\n');
}

export const newSession = (): Session =>
  createSession({
    kernels: createJsKernels(),
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: () => undefined,
  });

export async function open(builder: ModelBuilder): Promise<Session> {
  const path = join(folder, `m${files++}.onnx`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, await builder.build().bytes());
  const session = newSession();
  await session.open(path);
  return session;
}

export async function quantized(
  builder: ModelBuilder,
  config: Config = {},
): Promise<{ run: RunView; session: Session }> {
  const session = await open(builder);
  const run = await session.quantize({ configText: configOf(config), configPath: join(folder, 'w.cfg') });
  return { run, session };
}

export const why = (run: RunView, handle: string): string => run.nodes.find((n) => n.handle === handle)?.why ?? '';
export const codesOf = (run: RunView): string[] => run.diagnostics.map((d) => d.code);
export const formsOf = (run: RunView): [string, number, string][] =>
  run.sizes.weights.map((w): [string, number, string] => [w.name, w.bits, w.encoding]);

export const network = (): ModelBuilder =>
  model({ seed: 3 })
    .input('x', [1, 3, 8, 8])
    .conv({ name: 'a', channels: 17 })
    .relu()
    .conv({ name: 'b', channels: 16 })
    .output();
