import type { ByteSource } from '../base/bytes.ts';
import { type Diagnostic, DiagnosticError, type Location } from '../base/diagnostics.ts';
import {
  externalEntryInvalid,
  externalFileMissing,
  externalFileShort,
  externalNotReachable,
  externalPathRefused,
} from './errors.ts';
import type { RawTensor } from './readProto.ts';

/** Opens files next to a model. */
export interface ExternalOpener {
  /**
   * Opens `relativePath` (with `/`, no `..`) below the model's folder.
   * @throws OutsideFolder when a link leads out of the folder, any Error when there is no such file.
   */
  open(relativePath: string): Promise<ByteSource>;
}

/** Tells {@link ExternalFiles} that a path was refused, not missing. */
export class OutsideFolder extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'OutsideFolder';
  }
}

/** Bytes of a tensor in another file. */
export interface ExternalRange {
  readonly location: string;
  readonly offset: number;
  /** Undefined: as many as the shape needs. */
  readonly length: number | undefined;
}

/** Reads the external_data entries of a tensor; ONX305 when a number is none. */
export function externalRangeOf(raw: RawTensor, at: Location): ExternalRange | Diagnostic {
  const entries = new Map(raw.proto.externalData.map(({ key, value }) => [key ?? '', value ?? '']));
  const location = entries.get('location') ?? '';
  const numbers: Record<string, number | undefined> = {};
  for (const key of ['offset', 'length']) {
    const text = entries.get(key);
    if (text === undefined) continue;
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(number)) return externalEntryInvalid(at, key, text);
    numbers[key] = number;
  }
  return { location, offset: numbers.offset ?? 0, length: numbers.length };
}

/** Why a location does not lie below the model's folder by its text alone; links are the opener's to check. */
export function whyRefused(location: string): string | undefined {
  if (location === '') return 'it names no file';
  if (/^[/\\]/.test(location) || /^[A-Za-z]:/.test(location)) return 'the path is absolute';
  if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(location)) return 'it is a URI';
  if (location.includes('\0')) return 'the path holds a NUL character';
  if (location.split(/[/\\]/).includes('..')) return 'the path leads out with ".."';
  return undefined;
}

/** The external files of one model: each is opened once, and only below the model's folder. */
export class ExternalFiles {
  readonly #opener: ExternalOpener | undefined;
  readonly #opened = new Map<string, Promise<ByteSource>>();
  readonly #ready = new Map<string, ByteSource>();
  readonly #expected = new Map<string, { readonly at: Location; end: number }>();

  constructor(opener: ExternalOpener | undefined) {
    this.#opener = opener;
  }

  /** ONX301 or ONX304 when a location can never be read. */
  refusal(location: string, at: Location): Diagnostic | undefined {
    const why = whyRefused(location);
    if (why !== undefined) return externalPathRefused(at, location, why);
    return this.#opener === undefined ? externalNotReachable(at, location) : undefined;
  }

  /** Notes that a tensor needs a file up to byte `end`, for {@link check}. */
  expect(location: string, at: Location, end: number): void {
    const known = this.#expected.get(location);
    if (known === undefined) this.#expected.set(location, { at, end });
    else if (end > known.end) this.#expected.set(location, { at, end });
  }

  /** Opens every expected file; ONX302 or ONX303 for those that are missing or too short. Reads no data. */
  async check(): Promise<Diagnostic[]> {
    const problems: Diagnostic[] = [];
    for (const [location, { at, end }] of this.#expected) {
      try {
        const { byteLength } = await this.open(location, at);
        if (byteLength < end) problems.push(externalFileShort(at, location, end, byteLength));
      } catch (error) {
        if (!(error instanceof DiagnosticError)) throw error;
        problems.push(error.diagnostic);
      }
    }
    return problems;
  }

  /** @throws DiagnosticError ONX301, ONX302 or ONX304. */
  open(location: string, at: Location): Promise<ByteSource> {
    const refused = this.refusal(location, at);
    if (refused !== undefined) return Promise.reject(new DiagnosticError(refused));
    const known = this.#opened.get(location);
    if (known !== undefined) return known;
    const opened = this.#open(location, at);
    this.#opened.set(location, opened);
    opened.catch(() => this.#opened.delete(location));
    return opened;
  }

  /** The file, where it is open already: after {@link check} all are that can be read. */
  opened(location: string): ByteSource | undefined {
    return this.#ready.get(location);
  }

  async #open(location: string, at: Location): Promise<ByteSource> {
    try {
      const path = location.split(/[/\\]/).filter((part) => part !== '' && part !== '.');
      const source = await (this.#opener as ExternalOpener).open(path.join('/')); // refusal() excluded undefined
      this.#ready.set(location, source);
      return source;
    } catch (cause) {
      if (cause instanceof DiagnosticError) throw cause;
      if (cause instanceof OutsideFolder) throw new DiagnosticError(externalPathRefused(at, location, cause.message));
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DiagnosticError(externalFileMissing(at, location, reason), { cause });
    }
  }
}
