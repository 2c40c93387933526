import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf } from '../../src/base/bytes.ts';
import { DiagnosticError } from '../../src/base/diagnostics.ts';
import { readModel, readTensorProto } from '../../src/onnx/read.ts';
import { modelBytes } from '../../src/onnx/write.ts';
import { writeTensorProto } from '../../src/onnx/writeTensor.ts';
import { model } from '../models/model.ts';
import { anyModel, anyTensor } from './arbitraryModel.ts';

/** Opens and loads everything; whatever goes wrong must be a DiagnosticError. */
async function survives(bytes: Uint8Array): Promise<void> {
  try {
    const { model: read } = await readModel(bytesOf(bytes), { file: 'broken.onnx' });
    for (const { constant } of read.graph.values.values()) await constant?.load();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    expect(error.diagnostic.code).toMatch(/^ONX\d{3}$/);
    expect(error.diagnostic.at.file).toBe('broken.onnx');
  }
}

describe('a damaged model', () => {
  test('cut anywhere is reported as such', async () => {
    await fc.assert(
      fc.asyncProperty(anyModel, fc.nat(), async (m, at) => {
        const bytes = await modelBytes(m, 'm.onnx');
        await survives(bytes.subarray(0, at % bytes.length));
      }),
      { numRuns: 200 },
    );
  });

  test('with changed bytes is reported or opens', async () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(anyModel, changes, async (m, list) => {
        const bytes = await modelBytes(m, 'm.onnx');
        for (const [at, value] of list) bytes[at % bytes.length] = value;
        await survives(bytes);
      }),
      { numRuns: 400 },
    );
  });

  test('of random bytes is reported or opens', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), survives), { numRuns: 500 });
  });

  test('cut inside the weights says at which byte it ends', async () => {
    const bytes = await model().input('x', [1, 64]).gemm({ units: 64 }).build().bytes();
    const cut = bytes.subarray(0, bytes.length - 5000);
    await expect(readModel(bytesOf(cut), { file: 'm.onnx' })).rejects.toThrow(
      /^ONX103 m\.onnx: the file ends early: byte \d+ announces \d+ bytes, \d+ are left/,
    );
  });

  test('nested without end is refused', async () => {
    let graph: Uint8Array = Uint8Array.of();
    for (let i = 0; i < 200; i++) {
      const attribute = field(6, graph);
      graph = field(1, field(5, attribute));
    }
    await expect(readModel(bytesOf(field(7, graph)), { file: 'm.onnx' })).rejects.toThrow(/^ONX105/);
  });
});

test('a damaged tensor file is reported or loads', async () => {
  await fc.assert(
    fc.asyncProperty(anyTensor, fc.nat(), fc.nat({ max: 255 }), async (t, at, value) => {
      const bytes = writeTensorProto('t', t);
      if (bytes.length === 0) return;
      bytes[at % bytes.length] = value;
      await readTensorProto(bytesOf(bytes), 't.pb').catch((error: unknown) => {
        if (!(error instanceof DiagnosticError)) throw error;
      });
    }),
    { numRuns: 400 },
  );
});

describe('a file that is no model', () => {
  const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
  test.each([
    ['nothing at all', '', 'ONX101', 'is empty'],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n',
      'ONX102',
      'Git LFS pointer',
    ],
    ['a web page', '\n<!DOCTYPE html><html><body>404</body></html>', 'ONX102', 'a web page'],
    ['a PyTorch file', 'PK\x03\x04\x00\x00\x08\x08\x00\x00model/data.pklFB', 'ONX102', 'a PyTorch file'],
    ['a ZIP archive', 'PK\x03\x04\x14\x00\x00\x00readme.txt', 'ONX102', 'a ZIP archive'],
    ['a pickle', '\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.', 'ONX102', 'a Python pickle'],
    ['TensorFlow Lite', '\x1c\x00\x00\x00TFL3\x14\x00\x20\x00', 'ONX102', 'TensorFlow Lite'],
    ['an ORT file', '\x18\x00\x00\x00ORTM\x00\x00', 'ONX102', '.ort file'],
    ['a MindSpore file', '\x18\x00\x00\x00MSL2\x00\x00', 'ONX102', 'MindSpore Lite'],
    ['JSON', '{"nodes": []}', 'ONX102', 'a JSON file'],
    ['text', 'Hello, this is a note.\n', 'ONX102', 'a text file'],
    ['HDF5', '\x89HDF\r\n\x1a\n', 'ONX102', 'HDF5'],
    ['gzip', '\x1f\x8b\x08\x00', 'ONX102', 'gzip'],
    ['ONNX text', '<\n  ir_version: 8,\n  opset_import: ["" : 17]\n>', 'ONX102', 'text syntax'],
    ['protobuf without a graph', '\x08\x07', 'ONX102', 'it has no graph'],
  ])('%s is named', async (_, content, code, words) => {
    const error = await readModel(bytesOf(text(content)), { file: 'm.onnx' }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DiagnosticError);
    expect((error as DiagnosticError).message).toMatch(new RegExp(`^${code} m\\.onnx: `));
    expect((error as DiagnosticError).message).toContain(words);
  });
});

/** A length-delimited protobuf field. */
function field(id: number, payload: Uint8Array): Uint8Array {
  const length: number[] = [];
  let n = payload.length;
  for (; n > 127; n >>= 7) length.push((n & 127) | 128);
  return Uint8Array.of((id << 3) | 2, ...length, n, ...payload);
}
