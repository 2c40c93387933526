import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../src/base/random.ts';
import { tensor } from '../../src/base/tensor.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { createJsKernels } from '../../src/kernels/js/jsKernels.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { runCommand } from '../../src/node/runCommand.ts';
import type { RunView } from '../../src/protocol/views.ts';
import type { SweepCrew } from '../../src/sensitivity/crew.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { model } from '../models/model.ts';

const SAMPLES = 6;
const DIMS: readonly number[] = [1, 3, 12, 12];

export interface SweptModel {
  readonly session: Session;
  readonly run: RunView;
  readonly folder: string;
  readonly configPath: string;
  readonly configText: (skip?: readonly string[]) => string;
  remove(): void;
}

export interface SweptOptions {
  /** Of activations that are kept. */
  readonly whatIfBytes?: number;
  /** Those of JavaScript when left out. */
  readonly kernels?: KernelSet;
  readonly crew?: SweepCrew;
}

/**
 * A residual network with what makes cones hard: a shared input, a pool that shares a range, a concatenation, a float
 * operator in the middle, and a clamp that folds; quantized on noise.
 */
export async function sweptModel(options: SweptOptions = {}): Promise<SweptModel> {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-sweep-'));
  const network = model({ seed: 3 }).input('x', DIMS).conv({ name: 'stem', channels: 8 }).relu('stemRelu').maxPool();
  const trunk = network.current;
  network
    .conv({ name: 'left', channels: 8 })
    .relu('leftRelu')
    .elementwise('Tanh', [], { name: 'tanh' })
    .conv({ name: 'right', channels: 8, kernel: 1 })
    .add(trunk, 'join')
    .node('Concat', { name: 'concat', inputs: ['join_out', trunk], attributes: { axis: 1 } })
    .follow([1, 16, 6, 6])
    .conv({ name: 'last', channels: 8 })
    .globalAveragePool()
    .flatten()
    .gemm({ name: 'fc', units: 10 })
    .output();
  const path = join(folder, 'model.onnx');
  writeFileSync(path, await network.build().bytes());
  const random = seededRandom(5);
  const length = DIMS.reduce((a, b) => a * b, 1);
  for (let i = 0; i < SAMPLES; i++) {
    const data = Float32Array.from({ length }, () => random.normal());
    await nodeFiles.write(join(folder, 'data', `${i}.npy`), writeNpy(tensor('float32', DIMS, data)));
  }
  const labels = Array.from({ length: SAMPLES }, (_, i) => `${i}.npy,${i}`);
  writeFileSync(join(folder, 'labels.csv'), `${labels.join('\n')}\n`);
  const configPath = join(folder, 'full.cfg');
  const session = createSession({
    kernels: createJsKernels(),
    ...options,
    files: nodeFiles,
    clock: { now: () => 0 },
    onProgress: () => undefined,
    runCommand,
  });
  await session.open(path);
  const run = await session.quantize({ configText: configText(), configPath });
  return {
    session,
    run,
    folder,
    configPath,
    configText,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function configText(skip: readonly string[] = []): string {
  return [
    '[common_quant_param]',
    'quant_type=FULL_QUANT',
    ...(skip.length > 0 ? [`skip_quant_node=${skip.join(',')}`] : []),
    '[full_quant_param]',
    'bias_correction=true',
    '[data_preprocess_param]',
    'calibrate_path=x:data',
    `calibrate_size=${SAMPLES}`,
    'input_type=BIN',
    '[quantscope]',
    'bin_layout=NCHW',
    `evaluate_size=${SAMPLES}`,
    'equalization=off',
    'labels=labels.csv',
  ].join('\n');
}
