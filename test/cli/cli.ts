import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { ensureBuild } from '../../scripts/lib/build.mjs';
import type { Tensor } from '../../src/base/tensor.ts';
import { writeTensorProto } from '../../src/onnx/writeTensor.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The built command line. */
export const CLI = join(ROOT, 'dist', 'cli.js');

export const SAMPLE = join(ROOT, 'media', 'sample');

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line; `onErrorText` hears its standard error, and may stop it. `flags` are for Node. */
export function cli(
  args: readonly string[],
  onErrorText: (text: string, interrupt: () => void) => void = () => undefined,
  flags: readonly string[] = [],
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, CLI, ...args]);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onErrorText(stderr, () => child.kill('SIGINT'));
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A folder of the calling file's tests, gone after them; dist/ is up to date before them. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-cli-'));
  beforeAll(() => ensureBuild());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a case in the form of the ONNX backend tests, with one data set. @returns its folder */
export function writeCase(
  folder: string,
  model: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
): string {
  const set = join(folder, 'test_data_set_0');
  mkdirSync(set, { recursive: true });
  writeFileSync(join(folder, 'model.onnx'), model);
  for (const [kind, tensors] of Object.entries({ input: inputs, output: outputs }))
    Object.entries(tensors).forEach(([name, tensor], i) => {
      writeFileSync(join(set, `${kind}_${i}.pb`), writeTensorProto(name, tensor));
    });
  return folder;
}

/** No stack trace, no mention of a bug; one line per error. */
export function looksClean({ stderr }: Ended): boolean {
  return !/\n\s+at |This is a bug|Error:/.test(stderr);
}
