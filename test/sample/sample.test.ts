import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { decode } from 'fast-png';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';

const SAMPLE = resolve(import.meta.dirname, '../../media/sample');
const CONFIGS = ['full_quant', 'weight_quant', 'mixed_bit', 'dynamic_quant'];
const PIXELS = 28 * 28;

const labels = readFileSync(`${SAMPLE}/labels.csv`, 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [file = '', label] = line.split(',');
    return { file, label: Number(label) };
  });

describe('the embedded sample', () => {
  it('recognises over 95 % of the digits it has not seen, decoded and normalized as its config says', async () => {
    const { mean, std } = normalization();
    const session = await InferenceSession.create(`${SAMPLE}/mnist.onnx`);
    const pixels = labels.flatMap(({ file }) => [...grey(`test/${file}`)]);
    const image = Float32Array.from(pixels, (byte) => byte * Math.fround(1 / std) - mean / std);
    const feeds = { image: new Tensor('float32', image, [labels.length, 1, 28, 28]) };
    const { probabilities } = await session.run(feeds);
    expect(probabilities?.dims).toEqual([500, 10]);
    const scores = probabilities?.data as Float32Array; // the file declares float32
    const right = labels.filter(({ label }, i) => argMax(scores.subarray(i * 10, i * 10 + 10)) === label).length;
    expect(right / labels.length).toBeGreaterThan(0.95);
  });

  it('has 100 calibration digits, and 500 test digits of which each has a label', () => {
    expect(readdirSync(`${SAMPLE}/calibration`)).toHaveLength(100);
    expect(readdirSync(`${SAMPLE}/test`).sort()).toEqual(labels.map(({ file }) => file));
    expect(labels).toHaveLength(500);
    expect([...new Set(labels.map(({ label }) => label))].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('shares no digit between calibration and test', () => {
    const calibration = new Set(readdirSync(`${SAMPLE}/calibration`).map((file) => key(`calibration/${file}`)));
    expect(calibration.size).toBe(100);
    expect(labels.filter(({ file }) => calibration.has(key(`test/${file}`)))).toEqual([]);
  });

  it('has configs that are read without a word, but for types that are not carried out', () => {
    for (const name of CONFIGS) {
      const file = `${name}.cfg`;
      const { diagnostics } = parseConfig(readFileSync(`${SAMPLE}/${file}`, 'utf8'), file);
      const others = diagnostics.filter(({ code, at }) => !(code === 'CFG123' && at.key === 'quant_type'));
      expect(others).toEqual([]);
      if (name === 'full_quant') expect(diagnostics).toEqual([]);
    }
  });

  it('has one config per quantization type, with the same samples in each', () => {
    const types = CONFIGS.map((name) => {
      const text = readFileSync(`${SAMPLE}/${name}.cfg`, 'utf8');
      expect(text).toContain('calibrate_path=image:calibration\ncalibrate_size=100\n');
      expect(text).toContain('evaluate_path=test\nlabels=labels.csv\nevaluate_size=500\n');
      return [text.match(/^quant_type=(.*)$/m)?.[1], text.match(/^bit_num=(.*)$/m)?.[1]];
    });
    expect(types).toEqual([
      ['FULL_QUANT', '8'],
      ['WEIGHT_QUANT', '8'],
      ['WEIGHT_QUANT', '0'],
      ['DYNAMIC_QUANT', '8'],
    ]);
  });
});

function normalization(): { mean: number; std: number } {
  const text = readFileSync(`${SAMPLE}/full_quant.cfg`, 'utf8');
  const value = (name: string) => Number(text.match(new RegExp(`^normalize_${name}=\\[(.*)\\]$`, 'm'))?.[1]);
  return { mean: value('mean'), std: value('std') };
}

function grey(file: string): Uint8Array {
  const { width, height, channels, depth, data } = decode(readFileSync(`${SAMPLE}/${file}`));
  expect({ width, height, channels, depth, length: data.length }).toEqual({
    width: 28,
    height: 28,
    channels: 1,
    depth: 8,
    length: PIXELS,
  });
  return Uint8Array.from(data);
}

function key(file: string): string {
  return Buffer.from(grey(file)).toString('base64');
}

function argMax(scores: Float32Array): number {
  return scores.indexOf(Math.max(...scores));
}
