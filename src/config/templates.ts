import { layoutOf } from '../data/bin.ts';
import type { Layout } from '../data/imageTensor.ts';
import type { KeyRow } from './keyTypes.ts';
import { keyRow } from './schema.ts';

/** What "Quantize with config…" offers to make. */
export const TEMPLATE_TYPES = ['FULL_QUANT', 'WEIGHT_QUANT', 'DYNAMIC_QUANT', 'MIXED_BIT'] as const;
export type TemplateType = (typeof TEMPLATE_TYPES)[number];

/** A graph input that gets samples; open dimensions are names. */
export interface TemplateInput {
  readonly name: string;
  readonly dims: readonly (number | string)[] | undefined;
}

/**
 * A config for a model, to be completed by the user: folders lie beside the config and are called `calibration`.
 * Lines the model gives no answer to are commented out, so that the text parses as it is.
 *
 * @param inputs the model's inputs without its constants.
 * @param isQuantized whether the model has QuantizeLinear and DequantizeLinear already.
 */
export function configTemplate(quantType: TemplateType, inputs: readonly TemplateInput[], isQuantized = false): string {
  const blocks = [
    common(quantType),
    ...method(quantType),
    ...(quantType === 'FULL_QUANT' ? [samples(inputs)] : []),
    ours(quantType, inputs, isQuantized),
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function common(quantType: TemplateType): string[] {
  const section = 'common_quant_param';
  const type = quantType === 'MIXED_BIT' ? 'WEIGHT_QUANT' : quantType;
  const bits = quantType === 'MIXED_BIT' ? '0' : '8';
  const weights = ['min_quant_weight_size', 'min_quant_weight_channel'].flatMap((key) => line(section, key));
  return [
    `[${section}]`,
    ...line(section, 'quant_type', type),
    ...line(section, 'bit_num', bits),
    ...(type === 'WEIGHT_QUANT' ? weights : []),
    ...unset(section, 'skip_quant_node', 'name1,name2'),
    ...line(section, 'debug_info_save_path', 'quant_report'),
  ];
}

function method(quantType: TemplateType): string[][] {
  switch (quantType) {
    case 'FULL_QUANT':
      return [block('full_quant_param', ['activation_quant_method', 'per_channel', 'bias_correction'])];
    case 'WEIGHT_QUANT':
      return [block('weight_quant_param', ['per_channel', 'bias_correction'])];
    case 'MIXED_BIT':
      return [block('mixed_bit_weight_quant_param', ['init_scale', 'auto_tune'])];
    case 'DYNAMIC_QUANT':
      return [block('dynamic_quant_param', ['quant_strategy'])];
  }
}

function samples(inputs: readonly TemplateInput[]): string[] {
  const section = 'data_preprocess_param';
  const image = imageOf(inputs);
  const single = inputs.length === 1;
  const folder = ({ name }: TemplateInput): string => `${name}:${single ? 'calibration' : `calibration_${safe(name)}`}`;
  const paths = inputs.map(folder).join(',');
  const head = [
    `[${section}]`,
    ...line(section, 'calibrate_path', paths),
    ...line(section, 'calibrate_size', '100'),
    ...line(section, 'input_type', image === undefined ? 'BIN' : 'IMAGE'),
  ];
  if (image === undefined) return head;
  const { channels, width, height } = image;
  const perChannel = (value: string): string => `[${Array.from({ length: channels }, () => value).join(',')}]`;
  return [
    ...head,
    ...line(section, 'image_to_format', channels === 1 ? 'GRAY' : 'RGB'),
    '# These two must be what the model was trained with.',
    ...line(section, 'normalize_mean', perChannel('0.0')),
    ...line(section, 'normalize_std', perChannel('255.0')),
    ...(width === undefined || height === undefined
      ? []
      : [
          ...line(section, 'resize_width', `${width}`),
          ...line(section, 'resize_height', `${height}`),
          ...line(section, 'resize_method', 'LINEAR'),
        ]),
  ];
}

function ours(quantType: TemplateType, inputs: readonly TemplateInput[], isQuantized: boolean): string[] {
  const section = 'quantscope';
  const open = inputs.flatMap(({ dims }) => (dims ?? []).filter((d) => typeof d === 'string' && d !== ''));
  const lengths = [...new Set(open)].map((name) => `${name}:1`).join(',');
  const layout = quantType === 'FULL_QUANT' && imageOf(inputs) === undefined ? commonLayout(inputs) : undefined;
  return [
    `[${section}]`,
    ...(quantType === 'FULL_QUANT' ? line(section, 'activation_type') : []),
    ...(layout === undefined ? [] : line(section, 'bin_layout', layout)),
    ...(lengths === '' ? [] : line(section, 'fixed_dims', lengths)),
    ...unset(section, 'evaluate_path', inputs.length === 1 ? 'test' : `${inputs[0]?.name ?? 'input'}:test`),
    ...unset(section, 'labels', 'labels.csv'),
    ...(isQuantized ? [...line(section, 'imported_model'), ...unset(section, 'float_model', 'float.onnx')] : []),
  ];
}

/** The layout of all inputs of four dimensions; undefined where they differ, or there is none. */
function commonLayout(inputs: readonly TemplateInput[]): Layout | undefined {
  const layouts = inputs.flatMap(({ dims }) => (dims?.length === 4 ? [layoutOf(dims.map(Number))] : []));
  return layouts.every((layout) => layout === layouts[0]) ? layouts[0] : undefined;
}

/** Channels and size of the image that a single 4-D float input takes; sizes undefined where open. */
function imageOf(
  inputs: readonly TemplateInput[],
): { channels: number; width: number | undefined; height: number | undefined } | undefined {
  const dims = inputs.length === 1 ? inputs[0]?.dims : undefined;
  if (dims?.length !== 4) return undefined;
  const last = dims[1] !== 1 && dims[1] !== 3;
  const channels = last ? dims[3] : dims[1];
  if (channels !== 1 && channels !== 3) return undefined;
  const size = (d: number | string | undefined): number | undefined => (typeof d === 'number' && d > 0 ? d : undefined);
  return { channels, height: size(dims[last ? 1 : 2]), width: size(dims[last ? 2 : 3]) };
}

function block(section: string, keys: readonly string[]): string[] {
  return [`[${section}]`, ...keys.flatMap((key) => line(section, key))];
}

function line(section: string, key: string, value?: string): string[] {
  const row = rowOf(section, key);
  return [`# ${row.doc}${choicesOf(row)}`, `${key}=${value ?? row.default ?? ''}`];
}

function unset(section: string, key: string, example: string): string[] {
  return [`# ${rowOf(section, key).doc}`, `#${key}=${example}`];
}

function choicesOf({ type }: KeyRow): string {
  if (type.kind !== 'enum') return '';
  return ` One of ${type.choices.map((c) => c.value).join(', ')}.`;
}

function rowOf(section: string, key: string): KeyRow {
  const row = keyRow(section, key);
  if (row === undefined) throw new Error(`${section}.${key} is not in the table of keys`);
  return row;
}

/** A part of a folder name. */
function safe(name: string): string {
  return name.replace(/[^\w.-]+/g, '_');
}
