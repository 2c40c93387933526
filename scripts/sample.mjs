import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './lib/root.mjs';
import { run } from './lib/run.mjs';
import { ensureDependencies } from './lib/setup.mjs';

// Makes media/sample/ anew: trains the network (three minutes), writes it, its digits and its configs, and tests them.
const SAMPLE = join(ROOT, 'media', 'sample');
const SPLIT_SEED = 1;
const TRAINING_SEED = 2;
const TRAINING = { epochs: 9, batchSize: 32, learningRate: 0.002 };
const LIBRARY = `
export { seededRandom } from './src/base/random.ts';
export { GraphBuilder, Ids } from './src/graph/build.ts';
export { modelBytes } from './src/onnx/write.ts';
`;

await ensureDependencies();
const { bundled } = await import('./bundled.mjs');
const { readDigits } = await import('./sample/digits.mjs');
const { CONFIGS, writeImages, writeLabels } = await import('./sample/files.mjs');
const { buildNetwork } = await import('./sample/network.mjs');
const { train } = await import('./sample/train.mjs');
const tf = await import('@tensorflow/tfjs');

const library = await bundled(LIBRARY);
const digits = readDigits(library.seededRandom(SPLIT_SEED), { calibration: 100, test: 500 });

mkdirSync(SAMPLE, { recursive: true });
writeImages(join(SAMPLE, 'calibration'), digits.calibration);
writeLabels(join(SAMPLE, 'labels.csv'), writeImages(join(SAMPLE, 'test'), digits.test), digits.test);
for (const [name, text] of Object.entries(CONFIGS)) writeFileSync(join(SAMPLE, name), text);

await tf.setBackend('cpu');
console.log(`Training on ${digits.train.length} digits`);
const onEpoch = (epoch, loss) => console.log(`epoch ${epoch + 1} of ${TRAINING.epochs}: loss ${loss.toFixed(4)}`);
const weights = train(tf, digits.train, library.seededRandom(TRAINING_SEED), { ...TRAINING, onEpoch });
const model = buildNetwork(library, weights);
writeFileSync(join(SAMPLE, 'mnist.onnx'), await library.modelBytes(model, 'mnist.onnx'));
run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', 'test/sample']);
