import { SIDE, shuffle } from './digits.mjs';

const KERNEL = 3;
const FILTERS = 12;
const CLASSES = 10;
const POOLED = (SIDE - KERNEL + 1) / 2;
const CELLS = POOLED * POOLED;
const TAPS = KERNEL * KERNEL;

/**
 * Trains Conv 3x3 (12 filters, valid) -> ReLU -> MaxPool 2x2 -> Dense 10 with Adam on the softmax cross entropy.
 *
 * The pure JavaScript backend spends 20 ms a digit in its convolution gradients, so the convolution is a matrix product
 * over patches cut beforehand: one product per corner of a pooling cell, then the maximum of the four, then ReLU
 * (which commutes with the maximum). The function is the same network, fifty times faster.
 *
 * @param {typeof import('@tensorflow/tfjs')} tf
 * @param {import('./digits.mjs').Digit[]} digits
 * @param {import('../../src/base/random.ts').Random} random
 * @param {{epochs: number, batchSize: number, learningRate: number, onEpoch: (epoch: number, loss: number) => void}} options
 * @returns {Weights}
 * @typedef {{conv: Float32Array, convBias: Float32Array, dense: Float32Array, denseBias: Float32Array}} Weights
 *   conv: [12, 1, 3, 3]; convBias: [12]; dense: [10, 2028], its columns in the order of a flattened [12, 13, 13]; denseBias: [10]
 */
export function train(tf, digits, random, { epochs, batchSize, learningRate, onEpoch }) {
  const conv = tf.variable(tf.tensor2d(glorot(random, TAPS, FILTERS), [TAPS, FILTERS]));
  const convBias = tf.variable(tf.zeros([FILTERS]));
  const dense = tf.variable(tf.tensor2d(glorot(random, CELLS * FILTERS, CLASSES), [CELLS * FILTERS, CLASSES]));
  const denseBias = tf.variable(tf.zeros([CLASSES]));
  const optimizer = tf.train.adam(learningRate);
  const order = digits.map((_, i) => i);
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (epoch === epochs - 1) optimizer.learningRate = learningRate / 5;
    shuffle(order, random);
    let loss = 0;
    for (let at = 0; at < order.length; at += batchSize) {
      const batch = order.slice(at, at + batchSize).map((i) => jitter(digits[i], random));
      loss += batch.length * tf.tidy(() => step(tf, optimizer, { conv, convBias, dense, denseBias }, batch));
    }
    onEpoch(epoch, loss / order.length);
  }
  return {
    conv: transpose(conv.dataSync(), TAPS, FILTERS),
    convBias: Float32Array.from(convBias.dataSync()),
    dense: channelsFirst(dense.dataSync()),
    denseBias: Float32Array.from(denseBias.dataSync()),
  };
}

function step(tf, optimizer, { conv, convBias, dense, denseBias }, batch) {
  const corners = patches(batch).map((data) => tf.tensor2d(data, [batch.length * CELLS, TAPS]));
  const labels = tf.oneHot(
    batch.map((digit) => digit.label),
    CLASSES,
  );
  const loss = optimizer.minimize(() => {
    const [a, b, c, d] = corners.map((corner) => tf.matMul(corner, conv));
    const pooled = tf.relu(tf.add(tf.maximum(tf.maximum(a, b), tf.maximum(c, d)), convBias));
    const logits = tf.add(tf.matMul(pooled.reshape([batch.length, CELLS * FILTERS]), dense), denseBias);
    return tf.losses.softmaxCrossEntropy(labels, logits);
  }, true);
  return loss.dataSync()[0];
}

/** The digit moved by -1, 0 or 1 pixels each way, so that 9,400 digits suffice. */
function jitter({ label, pixels }, random) {
  const dx = random.below(3) - 1;
  const dy = random.below(3) - 1;
  const moved = new Uint8Array(pixels.length);
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) moved[(y + dy) * SIDE + x + dx] = pixels[y * SIDE + x];
  }
  return { label, pixels: moved };
}

/** Four arrays [batch * 169, 9]: the 3x3 patch under each corner of every pooling cell, pixels 0..1. */
function patches(batch) {
  return [0, 1, SIDE, SIDE + 1].map((corner) => {
    const out = new Float32Array(batch.length * CELLS * TAPS);
    let to = 0;
    for (const { pixels } of batch) {
      for (let cell = 0; cell < CELLS; cell++) {
        const from = corner + 2 * (Math.floor(cell / POOLED) * SIDE + (cell % POOLED));
        for (let tap = 0; tap < TAPS; tap++) {
          out[to++] = pixels[from + Math.floor(tap / KERNEL) * SIDE + (tap % KERNEL)] / 255;
        }
      }
    }
    return out;
  });
}

/** Glorot's uniform initialisation of [rows, columns]. */
function glorot(random, rows, columns) {
  const limit = Math.sqrt(6 / (rows + columns));
  return Float32Array.from({ length: rows * columns }, () => (2 * random.next() - 1) * limit);
}

function transpose(data, rows, columns) {
  return Float32Array.from({ length: rows * columns }, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
}

/** [169 cells * 12 filters, 10] as trained to [10, 12 filters * 169 cells] as ONNX flattens it. */
function channelsFirst(data) {
  const out = new Float32Array(data.length);
  for (let cls = 0, to = 0; cls < CLASSES; cls++) {
    for (let filter = 0; filter < FILTERS; filter++) {
      for (let cell = 0; cell < CELLS; cell++) out[to++] = data[(cell * FILTERS + filter) * CLASSES + cls];
    }
  }
  return out;
}
