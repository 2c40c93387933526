import { type Diagnostic, DiagnosticError, type Location, type Severity } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';
import { IMAGE_FORMAT_LIST } from '../images/raster.ts';

const make = (code: string, at: Location, message: string, severity: Severity = 'error'): Diagnostic => ({
  severity,
  code,
  message,
  at,
});

// What is configured, judged before a file is read: returned.

/** DAT101: a folder of samples that is not there. */
export function missingFolder(at: Location, input: string, folder: string, isFile: boolean): Diagnostic {
  const found = isFile ? 'is a file' : 'does not exist';
  return make('DAT101', at, `the samples of input ${input} are expected in the folder ${folder}, which ${found}`);
}

/** DAT102: fewer files than asked for. */
export function tooFewFiles(at: Location, folder: string, found: number, wanted: number): Diagnostic {
  const files = found === 1 ? '1 file' : `${found} files`;
  const few = make('DAT102', at, `${folder} has ${files}, fewer than the ${wanted} samples asked for`);
  return found === 0 ? few : { ...few, suggestion: String(found) };
}

/** DAT103: folders of several inputs that cannot be paired. */
export function unequalFolders(at: Location, counts: readonly string[], sizeKey: string): Diagnostic {
  const message = `the i-th files of all inputs make a sample, but the folders differ: ${counts.join(', ')} files; set ${sizeKey} to use the first of each`;
  return make('DAT103', at, message);
}

/** DAT104: an input that takes no image. */
export function notAnImageInput(at: Location, input: string, dims: readonly number[], why: string): Diagnostic {
  return make('DAT104', at, `input ${input} has dims ${formatDims(dims)} and takes no image: ${why}`);
}

/** DAT105: a batch of images. */
export function batchOfImages(at: Location, input: string, batch: number): Diagnostic {
  return make('DAT105', at, `input ${input} has batch ${batch}; an image fills one row, so the batch must be 1`);
}

/** DAT106: mean or std of another length than the channels. */
export function wrongChannelCount(at: Location, key: string, found: number, expected: number): Diagnostic {
  return make('DAT106', at, `${key} has ${found} values, ${expected} are expected: one per channel of the image`);
}

/** DAT107: an element type that samples cannot have. */
export function wrongInputType(at: Location, input: string, dtype: string, supported: string): Diagnostic {
  return make('DAT107', at, `input ${input} has type ${dtype}; ${supported}`);
}

/** DAT108: image and input do not fit in size. */
export function wrongImageSize(
  at: Location,
  input: string,
  image: readonly number[],
  dims: readonly number[],
): Diagnostic {
  const message = `images arrive as [H, W, C] = ${formatDims(image)} after preprocessing, but input ${input} has dims ${formatDims(dims)}; set resize_width and resize_height with resize_method, or center_crop_width and center_crop_height`;
  return make('DAT108', at, message);
}

/** DAT109: a standard deviation that divides by nothing. */
export function zeroStd(at: Location, key: string, value: number): Diagnostic {
  return make('DAT109', at, `${key} has the value ${value}; every standard deviation must be a number other than 0`);
}

/** DAT110: an empty folder. */
export function noSamples(at: Location, folder: string): Diagnostic {
  return make('DAT110', at, `${folder} has no files; put samples there, or name another folder`);
}

/** DAT111: files beside the samples. */
export function filesPassedOver(at: Location, folder: string, names: readonly string[]): Diagnostic {
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '');
  const message = `${folder} holds files that are no samples: ${shown}; they are passed over, converter_lite would count them`;
  return make('DAT111', at, message, 'warning');
}

/** DAT113: files whose layout is not that of the model's input. */
export function transposedInput(at: Location, input: string, dims: readonly number[], files: string): Diagnostic {
  const other = files === 'NHWC' ? 'NCHW' : 'NHWC';
  const message = `input ${input} has dims ${formatDims(dims)}, which is ${other}; its files are ${files} and are transposed`;
  return make('DAT113', at, message, 'note');
}

/** DAT114: a layout of an input that cannot have one. */
export function noLayoutOf(at: Location, input: string, why: string): Diagnostic {
  return make('DAT114', at, `input_layout says a layout of ${input}, ${why}`);
}

/** DAT112: 4-D files whose layout nobody states. */
export function assumedBinLayout(at: Location, input: string, layout: string): Diagnostic {
  const message = `the layout of the BIN files of input ${input} is not given; it is taken as ${layout}, that of the model. Set [quantscope] bin_layout=NCHW or NHWC, or input_layout`;
  const settings = [{ section: 'quantscope', key: 'bin_layout', value: layout }];
  return { ...make('DAT112', at, message, 'warning'), settings };
}

// Files that cannot be read: thrown, naming the file.

/** DAT201: none of the image formats. */
export function notAnImage(file: string, found: string): DiagnosticError {
  return new DiagnosticError(make('DAT201', { file }, `this is ${found}, which is none of ${IMAGE_FORMAT_LIST}`));
}

/** DAT202: an image that is damaged or of an unknown kind. */
export function brokenImage(file: string, format: string, why: string, cause?: unknown): DiagnosticError {
  return new DiagnosticError(
    make('DAT202', { file }, `the ${format} image cannot be decoded: ${why || 'its data is damaged'}`),
    { cause },
  );
}

/** DAT203: an image whose pixels would not fit in memory. */
export function imageTooLarge(file: string, width: number, height: number, limit: number): DiagnosticError {
  const message = `the image says it is ${width} x ${height} pixels; at most ${limit / 1e6} million are read`;
  return new DiagnosticError(make('DAT203', { file }, message));
}

/** DAT204: raw bytes that are not the input's. */
export function wrongByteCount(
  file: string,
  found: number,
  expected: number,
  input: { readonly name: string; readonly dtype: string; readonly dims: readonly number[] },
): DiagnosticError {
  const what = `input ${input.name}, ${input.dtype} ${formatDims(input.dims)}`;
  return new DiagnosticError(make('DAT204', { file }, `the file has ${found} bytes, ${what} needs ${expected}`));
}

/** DAT205: an .npy file that is damaged or holds what tensors cannot. */
export function brokenNpy(file: string, why: string): DiagnosticError {
  return new DiagnosticError(make('DAT205', { file }, `the .npy array cannot be read: ${why}`));
}

/** DAT206: an array of another type or shape than the input. */
export function wrongArray(
  file: string,
  found: { readonly dtype: string; readonly dims: readonly number[] },
  input: { readonly name: string; readonly dtype: string; readonly dims: readonly number[] },
): DiagnosticError {
  const expected = `input ${input.name} is ${input.dtype} ${formatDims(input.dims)}`;
  const message = `the array is ${found.dtype} ${formatDims(found.dims)}, ${expected}`;
  return new DiagnosticError(make('DAT206', { file }, message));
}

/** DAT207: a crop that is larger than its image. */
export function cropTooLarge(
  file: string,
  crop: { readonly width: number; readonly height: number },
  image: { readonly width: number; readonly height: number },
): DiagnosticError {
  const message = `the centre crop of ${crop.width} x ${crop.height} is larger than the image of ${image.width} x ${image.height}`;
  return new DiagnosticError(make('DAT207', { file }, message));
}

/** DAT208: an image that does not fill its input: {@link wrongImageSize} of one file. */
export function imageDoesNotFit(
  file: string,
  input: string,
  image: readonly number[],
  dims: readonly number[],
): DiagnosticError {
  return new DiagnosticError({ ...wrongImageSize({ file }, input, image, dims), code: 'DAT208' });
}

/** DAT209: the file system failed. */
export function cannotReadFile(file: string, cause: unknown): DiagnosticError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DiagnosticError(make('DAT209', { file }, `the file cannot be read: ${why}`), { cause });
}

/** DAT210: a tensor that NumPy has no type for. */
export function cannotWriteNpy(dtype: string): DiagnosticError {
  return new DiagnosticError(make('DAT210', { file: '' }, `a tensor of type ${dtype} cannot be written as .npy`));
}

/** DAT211: an input whose type has no file form. */
export function wrongSampleType(file: string, input: string, dtype: string): DiagnosticError {
  const message = `input ${input} has type ${dtype}, of which no file of raw elements can be read`;
  return new DiagnosticError(make('DAT211', { file }, message));
}

/** DAT212: a run without samples, of a model with an input that numbers cannot fill. */
export function cannotGenerate(input: string, dtype: string): DiagnosticError {
  const message = `input ${input} has type ${dtype}, for which no pseudo-random sample can be made; name samples with calibrate_path or [quantscope] evaluate_path`;
  return new DiagnosticError(make('DAT212', { file: input }, message));
}

/** DAT214: an .npz file that is damaged. */
export function brokenNpz(file: string, why: string): DiagnosticError {
  return new DiagnosticError(make('DAT214', { file }, `the .npz archive cannot be read: ${why}`));
}

/** DAT213: an .npz file with arrays of other names than the input's. */
export function noArrayOf(file: string, input: string, names: readonly string[]): DiagnosticError {
  const found = names.length === 0 ? 'no array' : names.join(', ');
  return new DiagnosticError(make('DAT213', { file }, `the .npz archive has ${found}; one named ${input} is expected`));
}

// Samples that are left out.

/** The warning that a bad sample becomes where it is left out. */
export function leftOut({ code, at, message }: Diagnostic): Diagnostic {
  return make(code, at, `${message}; the sample is left out`, 'warning');
}

/** DAT401: how many samples are left out. */
export function someLeftOut(at: Location, left: number, all: number): Diagnostic {
  const message = `${left} of ${all} samples cannot be read and are left out, since bad_samples=skip`;
  return make('DAT401', at, message, 'warning');
}

/** DAT402: no sample is left. */
export function noneLeft(at: Location, all: number, first: Diagnostic): Diagnostic {
  return make('DAT402', at, `none of the ${all} samples can be read; the first: ${first.at.file}: ${first.message}`);
}

// Labels.

/** DAT301: a line of labels that names no class. */
export function badLabel(file: string, line: number, text: string, why: string): DiagnosticError {
  return new DiagnosticError(make('DAT301', { file, line }, `${JSON.stringify(text)} ${why}`));
}

/** DAT303: how folders became classes. */
export function classesOfFolders(at: Location, indices: ReadonlyMap<string, number>): Diagnostic {
  const all = [...indices].map(([name, index]) => `${name} = ${index}`);
  const shown = all.slice(0, 5).join(', ') + (all.length > 5 ? ` and ${all.length - 5} more` : '');
  return make('DAT303', at, `classes by folder: ${shown}`, 'note');
}

/** DAT304: no folders to take classes from. */
export function noClassFolders(at: Location, directory: string): Diagnostic {
  return make('DAT304', at, `labels=folders expects one folder per class in ${directory}, which has none`);
}

/** DAT302: a file without labels. */
export function noLabels(file: string): DiagnosticError {
  return new DiagnosticError(make('DAT302', { file }, 'there are no labels; lines of file,class are expected'));
}
