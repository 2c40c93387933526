import { resolve } from 'node:path';
import { DiagnosticError } from '../base/diagnostics.ts';
import { nodeFiles } from '../node/files.ts';
import { withWriteErrors } from '../session/index.ts';

/** The local files; what cannot be written is SES410. */
export const files = withWriteErrors(nodeFiles);

/**
 * The bytes of a file that an option names.
 *
 * @param expected what the option wants, for the message.
 * @throws DiagnosticError CLI106 when there is none, or it cannot be read.
 */
export async function readOption(path: string, expected: string): Promise<Uint8Array> {
  try {
    const source = await nodeFiles.open(resolve(path));
    return await source.slice(0, source.byteLength);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `${expected} cannot be read: ${reason}`;
    throw new DiagnosticError({ severity: 'error', code: 'CLI106', message, at: { file: path } }, { cause });
  }
}

/**
 * The text of a quantization config.
 * @throws DiagnosticError CLI106 when it cannot be read, or is no text.
 */
export async function readConfig(path: string): Promise<string> {
  const expected = 'the quantization config (INI)';
  const text = new TextDecoder().decode(await readOption(path, expected));
  if (!text.includes('\0')) return text;
  const message = `${expected} is expected, but this is no text file`;
  throw new DiagnosticError({ severity: 'error', code: 'CLI108', message, at: { file: path } });
}

/** @param target a path, or `-` for standard output. */
export async function writeJson(target: string, value: unknown): Promise<void> {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (target === '-') process.stdout.write(text);
  else await files.write(resolve(target), text);
}
