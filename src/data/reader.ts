import type { FileSystem } from '../base/bytes.ts';
import { type Diagnostic, DiagnosticError, hasErrors, invariant, type Location } from '../base/diagnostics.ts';
import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';
import { layoutOf, readBin } from './bin.ts';
import { checkImages } from './checkImages.ts';
import { type DecodedImages, decodeImage } from './decode.ts';
import {
  assumedBinLayout,
  cannotReadFile,
  noLayoutOf,
  transposedInput,
  unequalFolders,
  wrongSampleType,
} from './errors.ts';
import type { Image } from './image.ts';
import { imageTensor, type Layout, type SampleInput, takesImages } from './imageTensor.ts';
import { type PreprocessOptions, preprocess } from './preprocess.ts';
import { listSamples } from './sampleNames.ts';

/** Where samples lie, and how files become feeds. */
export interface SampleOptions {
  /** `directory` is absolute; the i-th files of all of them are sample i. */
  readonly inputs: readonly (SampleInput & { readonly directory: string })[];
  /** For BIN: how the files of single inputs lie, by name; of others as `binLayout` says. */
  readonly layouts?: ReadonlyMap<string, Layout> | undefined;
  /** The first so many files, by byte order of their names; undefined: all. */
  readonly count: number | undefined;
  readonly kind: 'IMAGE' | 'BIN';
  /** The samples are the files of the folders in `directory`, one of each in turn. */
  readonly classFolders?: boolean | undefined;
  /** For IMAGE. */
  readonly preprocess: PreprocessOptions;
  /** For BIN; as the model has it, when left out. */
  readonly binLayout?: Layout | undefined;
  /** Whether other samples of the same inputs were opened before, and what is to be said of layouts was said. */
  readonly layoutsAreJudged?: boolean | undefined;
  /** Whose folders these are, so that diagnostics name `calibrate_path` (when left out) or `evaluate_path`. */
  readonly use?: 'calibrate' | 'evaluate' | undefined;
  /** For IMAGE: those that other samples of the same files have decoded, none of which changes meanwhile. */
  readonly decoded?: DecodedImages | undefined;
  /** Where the config says `calibrate_path`, `evaluate_size`, `resize_width` and so on, for diagnostics. */
  readonly at: (key: string) => Location;
}

interface Source {
  readonly input: SampleInput;
  readonly directory: string;
  readonly names: readonly string[];
}

/**
 * Lists the samples and judges the options, all of them; reads no file yet. With errors there are no samples.
 *
 * @returns diagnostics DAT101 to DAT114. Reading a sample throws DAT2xx, which names the file.
 */
export async function openSamples(
  files: FileSystem,
  options: SampleOptions,
): Promise<{ samples: Samples; diagnostics: Diagnostic[] }> {
  const diagnostics: Diagnostic[] = [];
  if (options.kind === 'IMAGE') diagnostics.push(...checkImages(options.inputs, options.preprocess, options.at));
  if (options.layoutsAreJudged !== true) diagnostics.push(...checkLayouts(options));
  const sources: Source[] = [];
  for (const input of options.inputs) {
    const { count, classFolders = false, at } = options;
    const folder = { ...input, count, classFolders, use: useOf(options), at };
    const names = await listSamples(files, folder, diagnostics);
    if (names !== undefined) sources.push({ input, directory: input.directory, names });
  }
  const count = options.count ?? Math.min(...sources.map((s) => s.names.length));
  if (options.count === undefined && sources.some((s) => s.names.length !== count)) {
    const counts = sources.map((s) => `${s.directory} ${s.names.length}`);
    diagnostics.push(unequalFolders(options.at(`${useOf(options)}_path`), counts, `${useOf(options)}_size`));
  }
  const usable = sources.length > 0 && !hasErrors(diagnostics);
  return { samples: new FolderSamples(files, options, sources, usable ? count : 0), diagnostics };
}

function useOf({ use }: SampleOptions): 'calibrate' | 'evaluate' {
  return use ?? 'calibrate';
}

/** What is to be said of the layouts of files: what is assumed, what is transposed, what makes no sense. */
function checkLayouts(options: SampleOptions): Diagnostic[] {
  const { inputs, kind, layouts, binLayout, at } = options;
  const names = inputs.map((i) => i.name);
  const wrong = [...(layouts?.keys() ?? [])].flatMap((name) => {
    const dims = inputs.find((i) => i.name === name)?.dims;
    if (dims === undefined) return [noLayoutOf(at('input_layout'), name, `but the inputs are ${names.join(', ')}`)];
    if (kind === 'IMAGE') return [noLayoutOf(at('input_layout'), name, 'but only files of input_type=BIN have one')];
    return dims.length === 4
      ? []
      : [noLayoutOf(at('input_layout'), name, `which has ${dims.length} dimensions, not 4`)];
  });
  if (kind === 'IMAGE') return wrong;
  const said = inputs.flatMap(({ name, dims }) => {
    const stated = layouts?.get(name) ?? binLayout;
    const key = layouts?.has(name) ? 'input_layout' : 'bin_layout';
    if (dims.length !== 4) return [];
    if (stated === undefined) return [assumedBinLayout(at('bin_layout'), name, layoutOf(dims))];
    return stated === layoutOf(dims) ? [] : [transposedInput(at(key), name, dims, stated)];
  });
  return [...wrong, ...said];
}

class FolderSamples implements Samples {
  readonly count: number;
  readonly #files: FileSystem;
  readonly #options: SampleOptions;
  readonly #sources: readonly Source[];

  constructor(files: FileSystem, options: SampleOptions, sources: readonly Source[], count: number) {
    this.#files = files;
    this.#options = options;
    this.#sources = sources;
    this.count = count;
  }

  async read(index: number): Promise<ReadonlyMap<string, Tensor>> {
    const feeds = new Map<string, Tensor>();
    for (const source of this.#sources) {
      const path = this.#pathOf(source, index);
      feeds.set(source.input.name, await this.#tensorOf(path, source.input));
    }
    return feeds;
  }

  nameOf(index: number): string {
    return this.pathsOf(index).join(', ');
  }

  readonly pathsOf = (index: number): readonly string[] => this.#sources.map((s) => this.#pathOf(s, index));

  #pathOf({ directory, names }: Source, index: number): string {
    const name = index < this.count ? names[index] : undefined;
    invariant(name !== undefined, `sample ${index} of ${this.count}`);
    return this.#files.resolve(directory, name);
  }

  async #bytesOf(path: string): Promise<Uint8Array> {
    try {
      const source = await this.#files.open(path);
      return await source.slice(0, source.byteLength);
    } catch (cause) {
      throw cause instanceof DiagnosticError ? cause : cannotReadFile(path, cause);
    }
  }

  async #tensorOf(path: string, input: SampleInput): Promise<Tensor> {
    const { kind, layouts, binLayout, preprocess: options } = this.#options;
    if (kind === 'BIN') {
      const layout = layouts?.get(input.name) ?? binLayout ?? layoutOf(input.dims);
      return readBin(await this.#bytesOf(path), input, layout, path);
    }
    const { dtype } = input;
    if (!takesImages(dtype)) throw wrongSampleType(path, input.name, dtype);
    return imageTensor(preprocess(await this.#imageOf(path), options, path), { ...input, dtype }, path);
  }

  async #imageOf(path: string): Promise<Image> {
    const { decoded } = this.#options;
    const known = decoded?.of(path);
    if (known !== undefined) return known;
    const image = decodeImage(await this.#bytesOf(path), path);
    decoded?.put(path, image);
    return image;
  }
}
