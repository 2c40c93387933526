import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { throwErrors } from '../../src/base/diagnostics.ts';
import type { Samples } from '../../src/base/samples.ts';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { nodeFiles } from '../../src/node/files.ts';
import type { Progress } from '../../src/protocol/views.ts';
import type { LabelLookup } from '../../src/session/accuracy.ts';
import { createSession, type Session } from '../../src/session/index.ts';
import { openModel } from '../../src/session/model.ts';
import { openSettings } from '../../src/session/settings.ts';

/** A temporary folder; `remove` it afterwards. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'quantscope-quality-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A session with `path` open. */
export async function openSession(
  path: string,
  kernels: KernelSet,
  onProgress: (p: Progress) => void = () => undefined,
): Promise<Session> {
  const session = createSession({ kernels, files: nodeFiles, clock: { now: () => 0 }, onProgress });
  await session.open(path);
  return session;
}

/** Makes `folder` with `count` links to the source files in turn, in their order. @returns the folder */
export function repeatedLinks(folder: string, sources: readonly string[], count: number): string {
  mkdirSync(folder, { recursive: true });
  for (let i = 0; i < count; i++) {
    const source = sources[i % sources.length] ?? '';
    symlinkSync(source, join(folder, `${String(i).padStart(6, '0')}${extname(source)}`));
  }
  return folder;
}

/** Makes `folder` with a link of the same name to each source file. @returns the folder */
export function namedLinks(folder: string, sources: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const source of sources) symlinkSync(source, join(folder, basename(source)));
  return folder;
}

/** Makes `folder` with links to `count` images of another, or fewer, spread evenly over their names. @returns the folder */
export function someImages(folder: string, source: string, count: number): string {
  const names = readdirSync(source)
    .filter((name) => /\.(jpe?g|png)$/i.test(name))
    .sort();
  const n = Math.min(count, names.length);
  const some = Array.from({ length: n }, (_, i) => join(source, names[Math.floor((i * names.length) / n)] ?? ''));
  return namedLinks(folder, some);
}

/** The samples that a config names, as the session reads them. */
export async function samplesOf(
  path: string,
  configText: string,
): Promise<{ readonly calibration: Samples; readonly evaluation: Samples; readonly labels: LabelLookup | undefined }> {
  const open = await openModel(nodeFiles, path);
  const settings = await openSettings({ configText, configPath: `${path}.cfg` }, open, nodeFiles);
  throwErrors(settings.diagnostics);
  return { calibration: settings.calibration, evaluation: settings.evaluation.samples, labels: settings.labels };
}

/** ONNX Runtime on one sample at a time. */
export class OnnxRuntime {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async open(path: string, level: 'disabled' | 'all'): Promise<OnnxRuntime> {
    const options = { graphOptimizationLevel: level, logSeverityLevel: 3 } as const;
    return new OnnxRuntime(await InferenceSession.create(path, options));
  }

  /** All outputs by name, for the feeds of sample `index`. */
  async run(samples: Samples, index: number): Promise<OrtOutputs> {
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, t] of await samples.read(index))
      feeds[name] = new OrtTensor('float32', t.data as Float32Array, [...t.dims]);
    return this.#session.run(feeds);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

export type OrtOutputs = InferenceSession.OnnxValueMapType;

/** Float data of an output. */
export function floatsOf(outputs: OrtOutputs, name: string): Float32Array {
  const value = outputs[name];
  if (!(value instanceof OrtTensor) || !(value.data instanceof Float32Array))
    throw new Error(`no float output ${name}`);
  return value.data;
}

/** 8-bit codes of an output. */
export function codesOf(outputs: OrtOutputs, name: string): Int8Array | Uint8Array {
  const data = (outputs[name] as OrtTensor | undefined)?.data;
  if (!(data instanceof Int8Array) && !(data instanceof Uint8Array)) throw new Error(`no codes ${name}`);
  return data;
}

/** Dims of an output. */
export function dimsOf(outputs: OrtOutputs, name: string): readonly number[] {
  const value = outputs[name];
  if (!(value instanceof OrtTensor)) throw new Error(`no tensor ${name}`);
  return value.dims;
}

/** Cosine of two vectors. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? Number.NaN, b[i] ?? Number.NaN];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Prints a table: the figures are what these tests are for. */
export function printTable(title: string, rows: readonly Readonly<Record<string, string | number>>[]): void {
  console.log(title);
  console.table(rows);
}
