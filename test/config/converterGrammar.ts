/**
 * A strict re-implementation of how converter_lite reads a config, from what is known of its behaviour
 * (mindspore-lite at 2b2887057ebe: parse_config_utils, string_util, quant_param_parser, preprocess_parser). It shares
 * nothing with the product's own parser.
 */
export type Sections = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** What converter_lite makes of a text: its sections, or the reason why it stops. */
export type ConverterResult = { readonly sections: Sections } | { readonly error: string };

const MOST_LINES = 9999;

/** Reads a config and judges every section that it knows, whether the quant_type uses it or not. */
export function readAsConverter(text: string): ConverterResult {
  try {
    const sections = readSections(text);
    if (!sections.has('model_param')) judge(sections);
    return { sections };
  } catch (error) {
    if (error instanceof Refused) return { error: error.message };
    throw error;
  }
}

class Refused extends Error {}

function refuse(why: string): never {
  throw new Refused(why);
}

function readSections(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current = 'DEFAULT';
  let counted = 0;
  for (const raw of text.split('\n')) {
    if (raw === '' || raw.charAt(0) === '#') continue;
    counted += 1;
    if (counted > MOST_LINES) refuse('too many lines');
    const line = trimSpaces(raw).replaceAll('\r', '').replaceAll('"', '');
    if (line === '') continue;
    if (line.charAt(0) === '[') {
      current = line.slice(1, -1);
      if (!sections.has(current)) sections.set(current, new Map());
      continue;
    }
    const parts = split(line, '=');
    if (parts.length !== 2) refuse(`${line}: not key=value`);
    const entries = sections.get(current) ?? new Map<string, string>();
    entries.set(trimSpaces(parts[0] as string), trimSpaces(parts[1] as string));
    sections.set(current, entries);
  }
  return sections;
}

/** Only U+0020. */
function trimSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === ' ') start += 1;
  while (end > start && text[end - 1] === ' ') end -= 1;
  return text.slice(start, end);
}

/** As repeated getline: an empty tail is no part. */
function split(text: string, at: string): string[] {
  const parts = text.split(at);
  if (parts.at(-1) === '') parts.pop();
  return parts;
}

type Judge = (value: string, key: string) => void;

const integer =
  (min: number, max: number): Judge =>
  (value, key) => {
    // strtol over the whole text; blanks before are its own.
    if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(value)) refuse(`${key}=${value}: no integer`);
    const number = Number(value);
    if (number < min || number > max) refuse(`${key}=${value}: out of ${min}..${max}`);
  };

function isDouble(text: string): boolean {
  const decimal = /^[ \t\n\v\f\r]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/;
  const special = /^[ \t\n\v\f\r]*[+-]?(inf(inity)?|nan(\([0-9A-Za-z_]*\))?)$/i;
  const hex = /^[ \t\n\v\f\r]*[+-]?0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(p[+-]?[0-9]+)?$/i;
  return decimal.test(text) || special.test(text) || hex.test(text);
}

const double: Judge = (value, key) => {
  if (!isDouble(value)) refuse(`${key}=${value}: no number`);
};

const openUnit: Judge = (value, key) => {
  double(value, key);
  const number = Number(value);
  if (number <= 0 || number >= 1) refuse(`${key}=${value}: not in (0, 1)`);
};

const boolean: Judge = (value, key) => {
  if (!['true', 'false'].includes(value.toLowerCase())) refuse(`${key}=${value}: not true or false`);
};

const word =
  (...words: readonly string[]): Judge =>
  (value, key) => {
    if (!words.includes(value)) refuse(`${key}=${value}: not one of ${words.join()}`);
  };

const vector: Judge = (value, key) => {
  if (value.length < 3 || !value.startsWith('[') || !value.endsWith(']')) refuse(`${key}=${value}: no vector`);
  for (const part of split(value.slice(1, -1), ','))
    if (!isDouble(part)) refuse(`${key}=${value}: ${JSON.stringify(part)} is no number`);
};

const folders: Judge = (value, key) => {
  for (const item of split(value, ',')) {
    const parts = split(item, ':');
    if (parts.length < 2) refuse(`${key}: ${JSON.stringify(item)} has no input or no folder`);
    if (parts.slice(0, -1).join(':') === '') refuse(`${key}: ${JSON.stringify(item)} names no input`);
  }
};

const anything: Judge = () => {};

const U16 = 65535;

/** Keys of the sections in which an unknown key ends the conversion. */
const SECTIONS: Readonly<Record<string, Readonly<Record<string, Judge>>>> = {
  common_quant_param: {
    quant_type: word('WEIGHT_QUANT', 'FULL_QUANT', 'DYNAMIC_QUANT'),
    bit_num: integer(0, 16),
    min_quant_weight_size: integer(0, U16),
    min_quant_weight_channel: integer(0, U16),
    skip_quant_node: anything,
    debug_info_save_path: anything,
    enable_encode: boolean,
    workspace: anything,
  },
  weight_quant_param: {
    dequant_strategy: word('ON_THE_FLY'),
    per_channel: boolean,
    bias_correction: boolean,
    quant_strategy: word('GPTQ', 'MAX_MIN'),
    update_mindir: boolean,
    max_segments: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  },
  mixed_bit_weight_quant_param: {
    init_scale: openUnit,
    auto_tune: boolean,
    use_cv_data: boolean,
    max_iterations: integer(40, U16),
  },
  full_quant_param: {
    activation_quant_method: word('MAX_MIN', 'KL', 'REMOVAL_OUTLIER'),
    bias_correction: boolean,
    per_channel: boolean,
    target_device: word('KIRIN', 'NVGPU', 'DSP', 'ASCEND'),
    smooth_alpha: double,
    enable_smooth_shift: boolean,
  },
  data_preprocess_param: {
    calibrate_path: folders,
    calibrate_size: integer(1, U16),
    input_type: word('IMAGE', 'BIN'),
    image_to_format: word('RGB', 'GRAY', 'BGR'),
    normalize_mean: vector,
    normalize_std: vector,
    resize_width: integer(1, U16),
    resize_height: integer(1, U16),
    resize_method: word('LINEAR', 'NEAREST', 'CUBIC'),
    center_crop_width: integer(1, U16),
    center_crop_height: integer(1, U16),
  },
  dynamic_quant_param: { quant_strategy: word('ALWC', 'ACWL') },
  transform_quant_param: { export_precision_mode: word('QUANT', 'FLOAT32') },
};

function judge(sections: Sections): void {
  for (const [name, keys] of Object.entries(SECTIONS)) {
    for (const [key, value] of sections.get(name) ?? []) {
      const check = keys[key];
      if (check === undefined) refuse(`${key} is not supported in [${name}]`);
      check(value, key);
    }
  }
  judgeBits(sections.get('common_quant_param') ?? new Map());
  judgeSamples(sections);
}

function judgeBits(common: ReadonlyMap<string, string>): void {
  const type = common.get('quant_type');
  const bits = Number(common.get('bit_num') ?? 8);
  if (type === undefined) return; // converts without quantizing, and says nothing
  if (type !== 'WEIGHT_QUANT' && bits !== 8) refuse(`bit_num=${bits} with ${type}`);
  const encodes = (common.get('enable_encode') ?? 'true').toLowerCase() === 'true';
  if (type === 'WEIGHT_QUANT' && !encodes && bits !== 8 && bits !== 16)
    refuse(`enable_encode=false with bit_num=${bits}`);
}

/** Judged when quantization starts: without both keys no folder is listed, and the count of inputs is wrong. */
function judgeSamples(sections: Sections): void {
  if (sections.get('common_quant_param')?.get('quant_type') !== 'FULL_QUANT') return;
  const data = sections.get('data_preprocess_param');
  if (!data?.has('calibrate_path') || !data.has('calibrate_size')) refuse('input tensor count != calibrator count');
}
