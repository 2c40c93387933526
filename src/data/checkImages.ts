import type { Diagnostic, Location, Setting } from '../base/diagnostics.ts';
import {
  batchOfImages,
  notAnImageInput,
  wrongChannelCount,
  wrongImageSize,
  wrongInputType,
  zeroStd,
} from './errors.ts';
import { IMAGE_TYPE_LIST, imageLayout, type SampleInput, takesImages } from './imageTensor.ts';
import { channelsOf, type PreprocessOptions } from './preprocess.ts';

/**
 * What can be said about image inputs and preprocessing before an image is read.
 *
 * @param at where the config says a key.
 * @returns DAT104 to DAT109.
 */
export function checkImages(
  inputs: readonly SampleInput[],
  options: PreprocessOptions,
  at: (key: string) => Location,
): Diagnostic[] {
  return [...checkNormalisation(options, at), ...inputs.flatMap((input) => checkInput(input, options, at))];
}

function checkNormalisation({ mean, std, ...rest }: PreprocessOptions, at: (key: string) => Location): Diagnostic[] {
  if (mean === undefined && std === undefined) return [];
  const channels = channelsOf(rest);
  const found: Diagnostic[] = [];
  for (const [key, values] of [
    ['normalize_mean', mean],
    ['normalize_std', std],
  ] as const) {
    const length = values?.length ?? 0;
    if (length !== channels) found.push(wrongChannelCount(at(key), key, length, channels));
  }
  for (const value of std ?? []) {
    if (value === 0 || Number.isNaN(value)) found.push(zeroStd(at('normalize_std'), 'normalize_std', value));
  }
  return found;
}

function checkInput(input: SampleInput, options: PreprocessOptions, at: (key: string) => Location): Diagnostic[] {
  const { name, dtype, dims } = input;
  const where = at('input_type');
  if (!takesImages(dtype)) return [wrongInputType(where, name, dtype, IMAGE_TYPE_LIST)];
  if (dims.length !== 4) return [notAnImageInput(where, name, dims, 'four dimensions are needed')];
  if (dims[0] !== 1) return [batchOfImages(where, name, dims[0] ?? 0)];
  const channels = channelsOf(options);
  const layout = imageLayout(dims, channels);
  if (layout === undefined) {
    const why = `neither the second nor the last dimension is ${channels}, the channels of image_to_format = ${options.format ?? 'BGR'}`;
    const format = dims[1] === 1 || dims[3] === 1 ? 'GRAY' : dims[1] === 3 || dims[3] === 3 ? 'RGB' : undefined;
    const settings = format === undefined ? [] : [setting('image_to_format', format)];
    return [{ ...notAnImageInput(at('image_to_format'), name, dims, why), settings }];
  }
  const size = options.centerCrop ?? options.resize;
  if (size === undefined || (size.width === layout.width && size.height === layout.height)) return [];
  const way = options.centerCrop === undefined ? 'resize' : 'center_crop';
  const wrong = wrongImageSize(at(`${way}_width`), name, [size.height, size.width, channels], dims);
  const settings = [setting(`${way}_width`, `${layout.width}`), setting(`${way}_height`, `${layout.height}`)];
  return [{ ...wrong, settings }];
}

function setting(key: string, value: string): Setting {
  return { section: 'data_preprocess_param', key, value };
}
