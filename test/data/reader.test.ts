import { encode as encodePng } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { formatDiagnostic } from '../../src/base/diagnostics.ts';
import { tensor } from '../../src/base/tensor.ts';
import { DecodedImages } from '../../src/data/decode.ts';
import { writeNpy } from '../../src/data/npy.ts';
import { openSamples, type SampleOptions } from '../../src/data/reader.ts';
import { nodeFiles } from '../../src/node/files.ts';
import { describeWithShared, sharedData } from '../helpers/sharedData.ts';
import { memoryFiles } from './memoryFiles.ts';

/** 2 x 1 pixels of R, G, B. */
const png = (...rgb: number[]) => encodePng({ width: 2, height: 1, data: Uint8Array.from(rgb), channels: 3 });
const floats = (...x: number[]) => new Uint8Array(Float32Array.from(x).buffer);

const image: SampleOptions = {
  inputs: [{ name: 'x', dtype: 'float32', dims: [1, 3, 1, 2], directory: '/a' }],
  count: undefined,
  kind: 'IMAGE',
  preprocess: { format: 'RGB' },
  at: (key) => ({ file: 'q.cfg', key, line: key.length }),
};
const bin: SampleOptions = {
  ...image,
  kind: 'BIN',
  binLayout: 'NCHW',
  inputs: [{ name: 'x', dtype: 'float32', dims: [1, 2, 1, 3], directory: '/a' }],
};
const withInput = (options: SampleOptions, change: Partial<SampleOptions['inputs'][number]>): SampleOptions => ({
  ...options,
  inputs: options.inputs.map((i) => ({ ...i, ...change })),
});

/** The errors of options that give no samples, as text. */
async function errorsOf(
  options: SampleOptions,
  folder: Readonly<Record<string, Uint8Array>> = { 'a.png': png(1, 2, 3, 4, 5, 6) },
) {
  const { diagnostics, samples } = await openSamples(memoryFiles({ '/a': folder }), options);
  expect(samples.count).toBe(0);
  return diagnostics.map(formatDiagnostic);
}

describe('images', () => {
  const folder = { 'b.png': png(7, 8, 9, 10, 11, 12), 'a.png': png(1, 2, 3, 4, 5, 6), 'labels.tsv': floats() };

  test('are read in byte order of their names, transposed to [1, C, H, W]; other files are named', async () => {
    const { samples, diagnostics } = await openSamples(memoryFiles({ '/a': folder }), image);
    expect(diagnostics.map((d) => [d.severity, d.code])).toEqual([['warning', 'DAT111']]);
    expect(diagnostics[0]?.message).toContain('labels.tsv');
    expect([samples.count, samples.nameOf(0), samples.nameOf(1)]).toEqual([2, '/a/a.png', '/a/b.png']);
    expect(await samples.read(0)).toEqual(
      new Map([['x', tensor('float32', [1, 3, 1, 2], Float32Array.of(1, 4, 2, 5, 3, 6))]]),
    );
  });

  test('are decoded once for several preparations of the same files, as far as the memory for that reaches', async () => {
    const files = memoryFiles({ '/a': folder });
    const opened: string[] = [];
    const counting = {
      ...files,
      open: (path: string) => {
        opened.push(path);
        return files.open(path);
      },
    };
    const decoded = new DecodedImages(6); // one of both
    const read = async (format: 'RGB' | 'BGR', index: number) => {
      const { samples } = await openSamples(counting, { ...image, preprocess: { format }, decoded });
      return (await samples.read(index)).get('x')?.data;
    };
    expect(await read('RGB', 0)).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
    expect(await read('BGR', 0)).toEqual(Float32Array.of(3, 6, 2, 5, 1, 4));
    expect(await read('RGB', 0)).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
    expect(await read('BGR', 1)).toEqual(Float32Array.of(9, 12, 8, 11, 7, 10));
    expect(await read('RGB', 1)).toEqual(Float32Array.of(7, 10, 8, 11, 9, 12));
    expect(opened.filter((path) => path.endsWith('.png'))).toEqual(['/a/a.png', '/a/b.png', '/a/b.png']);
  });

  test('stay [1, H, W, C] where the last axis holds the channels', async () => {
    const { samples } = await openSamples(memoryFiles({ '/a': folder }), withInput(image, { dims: [1, 1, 2, 3] }));
    expect((await samples.read(0)).get('x')?.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  test('fill uint8 inputs rounded and clamped', async () => {
    const options = { ...withInput(image, { dtype: 'uint8' }), preprocess: { mean: [0, 0, 0], std: [0.01, 2, 2] } };
    const { samples } = await openSamples(memoryFiles({ '/a': folder }), options);
    expect((await samples.read(0)).get('x')?.data).toEqual(Uint8Array.of(255, 255, 1, 2, 0, 2)); // 5 / 2 and 1 / 2 tie
  });

  test('of another size than the input name both, when read', async () => {
    const { samples } = await openSamples(memoryFiles({ '/a': folder }), withInput(image, { dims: [1, 3, 4, 4] }));
    await expect(samples.read(0)).rejects.toThrow(/^DAT208 \/a\/a\.png: .*\[1, 2, 3\].*\[1, 3, 4, 4\]/);
  });

  test.each([
    [withInput(image, { dims: [8, 3, 1, 2] }), 'DAT105 q.cfg:10: input x has batch 8'],
    [withInput(image, { dims: [1, 10] }), 'DAT104 q.cfg:10: input x has dims [1, 10] and takes no image'],
    [withInput(image, { dims: [1, 4, 1, 2] }), 'DAT104 q.cfg:15: input x has dims [1, 4, 1, 2] and takes no image'],
    [withInput(image, { dtype: 'int64' }), 'DAT107 q.cfg:10: input x has type int64'],
    [{ ...image, preprocess: { mean: [0], std: [1, 1, 1] } }, 'DAT106 q.cfg:14: normalize_mean has 1 values, 3'],
    [{ ...image, preprocess: { mean: [0, 0, 0] } }, 'DAT106 q.cfg:13: normalize_std has 0 values, 3'],
    [{ ...image, preprocess: { mean: [0, 0, 0], std: [1, 0, 1] } }, 'DAT109 q.cfg:13: normalize_std has the value 0'],
    [
      { ...image, preprocess: { resize: { width: 9, height: 8, method: 'LINEAR' as const } } },
      'DAT108 q.cfg:12: images arrive as [H, W, C] = [8, 9, 3]',
    ],
  ])('that cannot fit are told before any is read (%#)', async (options, text) => {
    expect((await errorsOf(options))[0]).toContain(text);
  });
});

describe('raw files', () => {
  const data = [0, 1, 2, 3, 4, 5];

  test('hold the input as it is, or as NHWC by choice', async () => {
    const files = memoryFiles({ '/a': { '0.bin': floats(...data) } });
    const plain = (await openSamples(files, bin)).samples;
    expect((await plain.read(0)).get('x')).toEqual(tensor('float32', [1, 2, 1, 3], Float32Array.from(data)));
    const nhwc = (await openSamples(files, { ...bin, binLayout: 'NHWC' })).samples;
    expect((await nhwc.read(0)).get('x')?.data).toEqual(Float32Array.of(0, 2, 4, 1, 3, 5));
  });

  test('may be .npy arrays, also without the batch dimension', async () => {
    const t = tensor('float32', [2, 1, 3], Float32Array.from(data));
    const { samples } = await openSamples(memoryFiles({ '/a': { x: writeNpy(t) } }), bin);
    expect((await samples.read(0)).get('x')?.data).toEqual(t.data);
  });

  test('of several batches keep their batches when transposed', async () => {
    const options = { ...withInput(bin, { dims: [2, 2, 1, 2], dtype: 'int64' as const }), binLayout: 'NHWC' as const };
    const bytes = new Uint8Array(BigInt64Array.from([0, 1, 2, 3, 4, 5, 6, 7], BigInt).buffer);
    const { samples } = await openSamples(memoryFiles({ '/a': { x: bytes } }), options);
    expect((await samples.read(0)).get('x')?.data).toEqual(BigInt64Array.from([0, 2, 1, 3, 4, 6, 5, 7], BigInt));
  });

  test('have the layout of their input where one is stated, else that of all', async () => {
    const two = [...bin.inputs, { name: 'y', dtype: 'float32' as const, dims: [1, 2, 1, 3], directory: '/a' }];
    const files = memoryFiles({ '/a': { '0.bin': floats(...data) } });
    const options: SampleOptions = { ...bin, inputs: two, layouts: new Map([['y', 'NHWC']]) };
    const { samples, diagnostics } = await openSamples(files, options);
    const feeds = await samples.read(0);
    expect(feeds.get('x')?.data).toEqual(Float32Array.from(data));
    expect(feeds.get('y')?.data).toEqual(Float32Array.of(0, 2, 4, 1, 3, 5));
    expect(diagnostics.map(formatDiagnostic)).toEqual([
      'DAT113 q.cfg:12: input y has dims [1, 2, 1, 3], which is NCHW; its files are NHWC and are transposed',
    ]);
  });

  test('of an image input [N, H, W, C] are transposed where they are NCHW, not where they are NHWC', async () => {
    const nhwc = withInput(bin, { dims: [1, 8, 8, 3] });
    const files = memoryFiles({ '/a': { '0.bin': floats(...Array.from({ length: 192 }, (_, i) => i)) } });
    const read = async (options: SampleOptions) => {
      const { samples, diagnostics } = await openSamples(files, options);
      const x = (await samples.read(0)).get('x')?.data as Float32Array;
      return [Array.from(x.subarray(0, 4)), diagnostics.map((d) => d.code)];
    };
    expect(await read(nhwc)).toEqual([[0, 64, 128, 1], ['DAT113']]);
    expect(await read({ ...nhwc, binLayout: 'NHWC' })).toEqual([[0, 1, 2, 3], []]);
    expect(await read({ ...nhwc, binLayout: undefined })).toEqual([[0, 1, 2, 3], ['DAT112']]);
  });

  test.each([
    ['z', bin, 'DAT114 q.cfg:12: input_layout says a layout of z, but the inputs are x'],
    ['x', withInput(bin, { dims: [6] }), 'DAT114 q.cfg:12: input_layout says a layout of x, which has 1 dimensions'],
    ['x', image, 'DAT114 q.cfg:12: input_layout says a layout of x, but only files of input_type=BIN'],
  ] as const)('refuse a layout of %s that cannot be', async (name, options, text) => {
    const { diagnostics } = await openSamples(memoryFiles({ '/a': { '0.bin': floats(...data) } }), {
      ...options,
      layouts: new Map([[name, 'NHWC']]),
    });
    expect(diagnostics.map(formatDiagnostic)[0]).toContain(text);
  });

  test.each([
    [floats(1, 2), 'DAT204 /a/f: the file has 8 bytes, input x, float32 [1, 2, 1, 3] needs 24'],
    [writeNpy(tensor('float64', [1, 2, 1, 3], new Float64Array(6))), 'DAT206 /a/f: the array is float64 [1, 2, 1, 3]'],
    [writeNpy(tensor('float32', [1, 3, 1, 2], new Float32Array(6))), 'DAT206 /a/f: the array is float32 [1, 3, 1, 2]'],
  ])('that do not fit say what was found and expected (%#)', async (bytes, text) => {
    const { samples } = await openSamples(memoryFiles({ '/a': { f: bytes } }), bin);
    await expect(samples.read(0)).rejects.toThrow(text);
  });
});

describe('folders', () => {
  const f = floats(0, 1, 2, 3, 4, 5);

  test('of several inputs pair their i-th files', async () => {
    const files = memoryFiles({ '/a': { '1': f, '2': f }, '/b': { '1': floats(1), '2': floats(2), '3': floats(3) } });
    const options: SampleOptions = {
      ...bin,
      count: 2,
      inputs: [...bin.inputs, { name: 'y', dtype: 'float32', dims: [1], directory: '/b' }],
    };
    const { samples } = await openSamples(files, options);
    expect([samples.count, samples.nameOf(1)]).toEqual([2, '/a/2, /b/2']);
    expect((await samples.read(1)).get('y')?.data).toEqual(Float32Array.of(2));
    const { diagnostics } = await openSamples(files, { ...options, count: undefined });
    expect(diagnostics.map((d) => d.code)).toEqual(['DAT103']);
  });

  test('with too few files say both numbers, with more use the first', async () => {
    expect(await errorsOf({ ...bin, count: 3 }, { a: f, b: f })).toEqual([
      'DAT102 q.cfg:14: /a has 2 files, fewer than the 3 samples asked for',
    ]);
    const { samples } = await openSamples(memoryFiles({ '/a': { a: f, b: f } }), { ...bin, count: 1 });
    expect(samples.count).toBe(1);
  });

  test('of an evaluation are named by its keys', async () => {
    const options = { ...bin, use: 'evaluate' as const };
    expect((await errorsOf({ ...options, count: 3 }, { a: f }))[0]).toContain('DAT102 q.cfg:13: /a has 1 file,');
    const { diagnostics } = await openSamples(memoryFiles({}), options);
    expect(diagnostics.map((d) => d.at.key)).toEqual(['evaluate_path']);
  });

  test('of 4-D BIN files without a layout are taken as NCHW, with a warning', async () => {
    const options = { ...bin, binLayout: undefined };
    const { samples, diagnostics } = await openSamples(memoryFiles({ '/a': { a: f } }), options);
    expect(diagnostics.map((d) => [d.severity, d.code, d.at.key])).toEqual([['warning', 'DAT112', 'bin_layout']]);
    expect((await samples.read(0)).get('x')?.dims).toEqual([1, 2, 1, 3]);
    const again = await openSamples(memoryFiles({ '/a': { a: f } }), { ...options, layoutsAreJudged: true });
    expect(again.diagnostics).toEqual([]);
    const flat = withInput(options, { dims: [1, 6] });
    expect((await openSamples(memoryFiles({ '/a': { a: f } }), flat)).diagnostics).toEqual([]);
  });

  test('that are missing, files, or empty are errors', async () => {
    expect((await errorsOf(withInput(bin, { directory: '/z' })))[0]).toContain('DAT101 q.cfg:14: ');
    expect((await errorsOf(withInput(bin, { directory: '/a/a.png' })))[0]).toContain('which is a file');
    expect((await errorsOf(bin, {}))[0]).toContain('DAT110');
  });

  test('whose file disappears name it', async () => {
    const { samples } = await openSamples({ ...memoryFiles({ '/a': { a: f } }), open: memoryFiles({}).open }, bin);
    await expect(samples.read(0)).rejects.toThrow(/^DAT209 \/a\/a: the file cannot be read: there is no file/);
  });
});

describeWithShared('photographs', () => {
  test.each(['imagenet_sample_256', 'faces', 'coco_val2017', 'ocr'])('of %s become inputs', async (folder) => {
    const { samples, diagnostics } = await openSamples(nodeFiles, {
      ...image,
      inputs: [{ name: 'x', dtype: 'float32', dims: [1, 3, 224, 224], directory: sharedData(`calib/${folder}`) }],
      count: 3,
      preprocess: {
        format: 'RGB',
        mean: [123.675, 116.28, 103.53],
        std: [58.395, 57.12, 57.375],
        resize: { width: 256, height: 256, method: 'LINEAR' },
        centerCrop: { width: 224, height: 224 },
      },
    });
    expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
    for (let i = 0; i < samples.count; i++) {
      const data = (await samples.read(i)).get('x')?.data as Float32Array;
      expect(data.length).toBe(3 * 224 * 224);
      expect(Math.max(...data)).toBeLessThan(2.7);
      expect(Math.min(...data)).toBeGreaterThan(-2.2);
    }
  });
});
