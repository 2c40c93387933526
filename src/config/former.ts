import type { Setting } from '../base/diagnostics.ts';

/** A key of the flat file, or an option of the command line, of releases before the sections (up to r1.3). */
export interface FormerKey {
  readonly name: string;
  /** What replaced it, in words. */
  readonly now: string;
  readonly from: 'file' | 'commandLine';
  /**
   * What it says in today's form; undefined: nothing does, or the value has no meaning.
   *
   * @param inputs names of the model's inputs in order, as far as they are known.
   */
  readonly move: (value: string, inputs: readonly string[]) => Setting | undefined;
}

const COMMON = 'common_quant_param';
const FULL = 'full_quant_param';
const DATA = 'data_preprocess_param';

/** Words of `--quantType`; AwareTraining models carry their parameters and need no config. */
const QUANT_TYPES = new Map([
  ['WeightQuant', 'WEIGHT_QUANT'],
  ['PostTraining', 'FULL_QUANT'],
]);

const same = (section: string, key: string) => (value: string) => ({ section, key, value });

/** Every name of former releases, and what stands for it now. */
export const FORMER_KEYS: readonly FormerKey[] = [
  {
    name: 'image_path',
    now: 'calibrate_path=input:folder in [data_preprocess_param]',
    from: 'file',
    move: (value, inputs) => ({ section: DATA, key: 'calibrate_path', value: foldersOf(value, inputs) }),
  },
  {
    name: 'batch_count',
    now: 'calibrate_size in [data_preprocess_param]',
    from: 'file',
    move: same(DATA, 'calibrate_size'),
  },
  {
    name: 'method_x',
    now: 'activation_quant_method in [full_quant_param]',
    from: 'file',
    move: (value) => ({
      section: FULL,
      key: 'activation_quant_method',
      value: value === 'RemovalOutlier' ? 'REMOVAL_OUTLIER' : value,
    }),
  },
  { name: 'thread_num', now: 'chosen by the program; leave it out', from: 'file', move: () => undefined },
  {
    name: 'quantType',
    now: 'quant_type in [common_quant_param]',
    from: 'commandLine',
    move: (value) => {
      const type = QUANT_TYPES.get(value);
      return type === undefined ? undefined : { section: COMMON, key: 'quant_type', value: type };
    },
  },
  { name: 'bitNum', now: 'bit_num in [common_quant_param]', from: 'commandLine', move: same(COMMON, 'bit_num') },
  {
    name: 'quantWeightSize',
    now: 'min_quant_weight_size in [common_quant_param]',
    from: 'commandLine',
    move: same(COMMON, 'min_quant_weight_size'),
  },
  {
    name: 'quantWeightChannel',
    now: 'min_quant_weight_channel in [common_quant_param]',
    from: 'commandLine',
    move: same(COMMON, 'min_quant_weight_channel'),
  },
];

/** The former key of a name, dashes before it dropped; undefined when there was none. */
export function formerKey(name: string): FormerKey | undefined {
  const bare = name.replace(/^-+/, '');
  return FORMER_KEYS.find((former) => former.name === bare);
}

/** What the flat file left unsaid meant other things than it does now. */
const FLAT_DEFAULTS: readonly Setting[] = [
  { section: COMMON, key: 'quant_type', value: 'FULL_QUANT' },
  { section: FULL, key: 'activation_quant_method', value: 'KL' },
  { section: FULL, key: 'bias_correction', value: 'false' },
  { section: DATA, key: 'calibrate_size', value: '100' },
  { section: DATA, key: 'input_type', value: 'BIN' },
];

/**
 * A flat file in today's form: what it says, and what it left to the defaults of its time. Its samples were files of
 * raw elements.
 */
export function moveFlatFile(
  entries: readonly { readonly key: string; readonly value: string }[],
  inputs: readonly string[],
): Setting[] {
  const said = entries.flatMap(({ key, value }) => {
    const moved = key === 'bias_correction' ? same(FULL, key)(value) : formerKey(key)?.move(value, inputs);
    return moved === undefined ? [] : [moved];
  });
  const has = ({ section, key }: Setting): boolean => said.some((s) => s.section === section && s.key === key);
  return [...FLAT_DEFAULTS.filter((setting) => !has(setting)), ...said];
}

/** `folder1,folder2` of inputs in order, as `input:folder`; inputs whose names are not known are numbered. */
function foldersOf(value: string, inputs: readonly string[]): string {
  const folders = value.split(',').map((folder) => folder.trim());
  return folders.map((folder, i) => `${inputs[i] ?? (i === 0 ? 'input' : `input${i + 1}`)}:${folder}`).join(',');
}
