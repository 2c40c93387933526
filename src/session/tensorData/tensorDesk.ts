import { type AbortSignalLike, NEVER, throwIfAborted } from '../../base/abort.ts';
import type { FileSystem } from '../../base/bytes.ts';
import type { Samples } from '../../base/samples.ts';
import {
  MOST_PICTURE_PIXELS,
  MOST_SLICE_ELEMENTS,
  MOST_WORST,
  type PictureRequest,
  type SampledTensorRef,
  type SliceRequest,
  type TensorFile,
  type TensorHead,
  type TensorPicture,
  type TensorPlane,
  type TensorRef,
  type TensorSamples,
  type TensorSlice,
  type WorstBy,
  type WorstElements,
  type WorstRequest,
} from '../../protocol/tensorViews.ts';
import type { Pair } from '../../whatif/pairs.ts';
import { noSuchElements, noSuchSample, sampleWithoutFile } from '../errors.ts';
import { fileName, type OpenModel } from '../model.ts';
import type { Result } from '../result.ts';
import type { RunState } from '../run.ts';
import { measure } from './head.ts';
import { type FoundTensor, findTensor, readTensor } from './openTensor.ts';
import { mapCount, pictureOf } from './picture.ts';
import { isWithin, type Page, pageOf } from './plane.ts';
import { sampleErrors, worstSample } from './sampleErrors.ts';
import type { ShownTensor } from './shownTensor.ts';
import { elementsAt, scalesAt, sliceOf } from './slice.ts';
import { csvOf, npyOf } from './tensorFile.ts';
import { worstPlaces } from './worst.ts';

/** What the session has at the moment. */
export interface DeskParts {
  readonly open: OpenModel;
  /** The last run or trial. */
  readonly after: { readonly run: RunState; readonly result: Result } | undefined;
  /** After a run: what its config was calibrated with. */
  readonly lab?: { readonly settings: { readonly calibration: Samples } } | undefined;
  readonly files: FileSystem;
}

/** The tensor that lies on the desk. */
interface Opened {
  readonly key: string;
  readonly of: object;
  readonly found: FoundTensor;
  readonly sample: number;
  readonly shown: ShownTensor;
  readonly worst: Map<WorstBy, Float64Array>;
}

/**
 * Answers what the tensor viewer asks. The last tensor asked for stays in memory, one at a time, until there is another
 * run. Requests name their tensor, so that any of them may be the first.
 *
 * All of them throw DiagnosticError SES403, SES440, SES441 or SES426, DAT… where a sample cannot be read, and Cancelled.
 */
export class TensorDesk {
  readonly #parts: () => DeskParts;
  #opened: { readonly key: string; readonly of: object; readonly tensor: Promise<Opened> } | undefined;

  constructor(parts: () => DeskParts) {
    this.#parts = parts;
  }

  /** Takes the tensor off the desk. */
  clear(): void {
    this.#opened = undefined;
  }

  async head(ref: SampledTensorRef, signal: AbortSignalLike = NEVER): Promise<TensorHead> {
    const { found, shown, sample } = await this.#open(ref, signal);
    const { after } = this.#parts();
    const isSampled = found.entry?.pair !== undefined && after !== undefined;
    return {
      nodeId: ref.nodeId,
      valueId: ref.valueId,
      role: ref.role,
      name: found.name,
      kind: found.kind,
      ...measure(shown, signal),
      sample: isSampled ? { index: sample, count: after.run.sampleCount } : null,
    };
  }

  /** Null for what is the same on all samples. */
  async samples(ref: TensorRef): Promise<TensorSamples | null> {
    const { open, after } = this.#parts();
    const pair = after && findTensor(open, { ...after, sample: 0 }, ref).entry?.pair;
    if (after === undefined || pair === undefined) return null;
    const { run, result } = after;
    const names = Array.from({ length: run.sampleCount }, (_, i) => shortName(run, i));
    return { names, ...sampleErrors(result, pair, run.sampleCount) };
  }

  async slice(request: SliceRequest, signal: AbortSignalLike = NEVER): Promise<TensorSlice> {
    const opened = await this.#open(request, signal);
    const page = this.#page(opened, request.plane);
    const { rows, columns } = request;
    const count = (rows[1] - rows[0]) * (columns[1] - columns[0]);
    if (!isWithin(rows, page.rows) || !isWithin(columns, page.columns) || count > MOST_SLICE_ELEMENTS)
      throw this.#noSuch(opened, `a slice of rows ${rows.join(' to ')} and columns ${columns.join(' to ')}`);
    return sliceOf(opened.shown, page, [rows, columns]);
  }

  async picture(request: PictureRequest, signal: AbortSignalLike = NEVER): Promise<TensorPicture> {
    const opened = await this.#open(request, signal);
    const { maps, span, most, plane, side } = request;
    const { dims } = opened.shown;
    const fixed = plane.fixed.map((index, axis) => (maps.includes(axis) ? 0 : index));
    const page = this.#page(opened, { ...plane, fixed });
    const shownAxes = [plane.rowAxis, plane.columnAxis];
    const areMaps = maps.every((a, i) => a in dims && !shownAxes.includes(a) && maps.indexOf(a) === i);
    const tile = Math.min(page.rows, most[0]) * Math.min(page.columns, most[1]);
    const fits = areMaps && isWithin(span, mapCount(dims, maps)) && most.every((m) => Number.isInteger(m) && m > 0);
    if (!fits || (span[1] - span[0]) * tile > MOST_PICTURE_PIXELS)
      throw this.#noSuch(opened, `a picture of maps ${span.join(' to ')} along axes ${maps.join(', ')}`);
    return pictureOf(opened.shown, { side, page, maps, span, most, signal });
  }

  async worst({ by, offset, count, ...ref }: WorstRequest, signal: AbortSignalLike = NEVER): Promise<WorstElements> {
    const opened = await this.#open(ref, signal);
    const { shown, worst } = opened;
    const all = worst.get(by) ?? worstPlaces(shown, { by, most: MOST_WORST, signal });
    const end = offset + count;
    if (all === undefined || !isWithin([offset, end], Number.MAX_SAFE_INTEGER))
      throw this.#noSuch(opened, `elements ${offset} to ${end} by ${by} error`);
    worst.set(by, all);
    const places = all.slice(offset, end);
    const { float, dequantized, codes } = elementsAt(shown, places);
    return {
      offset,
      listed: all.length,
      places,
      float,
      dequantized: dequantized as Float32Array, // there is an error, so there are both sides
      codes,
      scale: scalesAt(shown, places),
    };
  }

  /** Writes a page or the whole tensor. @throws DiagnosticError SES410 besides */
  async write(request: TensorFile & { readonly path: string }, signal: AbortSignalLike = NEVER): Promise<void> {
    const opened = await this.#open(request, signal);
    const { shown } = opened;
    const { plane, side, format, path } = request;
    const page = plane === null ? undefined : this.#page(opened, plane);
    const { files } = this.#parts();
    if (format === 'npy') await files.write(path, npyOf(shown, side, page));
    else if (page !== undefined) await files.writeChunks(path, csvOf(shown, side, page));
    else throw this.#noSuch(opened, 'a CSV of more than one page');
  }

  /**
   * The files of an evaluation sample, by its index, or of a calibration sample, by its name.
   *
   * @throws DiagnosticError SES426 where there is no such sample, SES442 where it has no files
   */
  async samplePaths(sample: number | string): Promise<readonly string[]> {
    const { open, after, lab } = this.#parts();
    if (typeof sample === 'string') return pathsByName(sample, lab?.settings.calibration, open.file);
    const { samples, sampleCount = 0 } = after?.run ?? {};
    if (samples === undefined || !Number.isInteger(sample) || sample < 0 || sample >= sampleCount)
      throw noSuchSample(open.file, sample, sampleCount);
    if (samples.pathsOf === undefined) throw sampleWithoutFile(open.file, samples.nameOf(sample));
    return samples.pathsOf(sample);
  }

  #open(ref: SampledTensorRef, signal: AbortSignalLike): Promise<Opened> {
    throwIfAborted(signal);
    const { open, after } = this.#parts();
    const found = findTensor(open, after && { ...after, sample: 0 }, ref);
    const pair = found.entry?.pair;
    const sample = after === undefined || pair === undefined ? 0 : sampleOf(ref.sample, after.result, pair);
    const key = `${ref.nodeId}:${ref.valueId}:${ref.role}:${sample}`;
    const of = after?.result ?? open;
    if (this.#opened?.key === key && this.#opened.of === of) return this.#opened.tensor;
    this.#opened = undefined; // what lay there is gone before the next is read
    const request = after && { ...after, sample, signal };
    const tensor = readTensor(open, request, found).then((shown) => {
      return { key, of, found, sample, shown, worst: new Map() };
    });
    const opened = { key, of, tensor };
    this.#opened = opened;
    tensor.catch(() => {
      if (this.#opened === opened) this.#opened = undefined;
    });
    return tensor;
  }

  #page(opened: Opened, plane: TensorPlane): Page {
    const page = pageOf(opened.shown.dims, plane);
    if (page !== undefined) return page;
    const { rowAxis, columnAxis, fixed } = plane;
    throw this.#noSuch(opened, `the page of rows ${rowAxis}, columns ${columnAxis} at [${fixed.join(', ')}]`);
  }

  #noSuch({ found, shown }: Opened, asked: string) {
    const { node, name } = found;
    const at = { file: this.#parts().open.file, node: node.handle, opType: node.opType, tensor: name };
    return noSuchElements(at, asked, shown.dims);
  }
}

function sampleOf(sample: number | 'worst', result: Result, pair: Pair): number {
  return sample === 'worst' ? worstSample(result, pair) : sample;
}

function pathsByName(name: string, samples: Samples | undefined, file: string): readonly string[] {
  const index = Array.from({ length: samples?.count ?? 0 }, (_, i) => i).find((i) => samples?.nameOf(i) === name);
  if (samples === undefined || index === undefined) throw noSuchSample(file, name, 0);
  if (samples.pathsOf === undefined) throw sampleWithoutFile(file, name);
  return samples.pathsOf(index);
}

/** Names of the files alone. */
function shortName({ samples }: RunState, sample: number): string {
  const paths = samples.pathsOf?.(sample);
  return paths === undefined ? samples.nameOf(sample) : [...new Set(paths.map(fileName))].join(', ');
}
