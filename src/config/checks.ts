import type { Diagnostic, Setting } from '../base/diagnostics.ts';
import { checkClusters } from './clusterChecks.ts';
import { checkCompanions } from './companionChecks.ts';
import * as errors from './errors.ts';
import { checkExport } from './exportChecks.ts';
import type { Effect, KeyRow } from './keyTypes.ts';
import type { KeyValues } from './keyValues.ts';
import { checkNormalization } from './normalization.ts';
import { KEYS, keyRow, keysOf } from './schema.ts';
import { openLengths } from './shapes.ts';
import { checkTarget } from './targetChecks.ts';

const COMMON = 'common_quant_param';
const DATA = 'data_preprocess_param';

/** Judges what no line can be judged by alone: what is missing, what contradicts, what is not carried out. */
export function checkSettings(s: KeyValues): Diagnostic[] {
  const quantType = s.optionalWord<string>(COMMON, 'quant_type');
  return [
    ...checkQuantType(s, quantType),
    ...(quantType === undefined ? [] : checkEffects(s, quantType)),
    ...checkBits(s, quantType),
    ...checkClusters(s, quantType),
    ...checkLabels(s),
    ...checkCalibration(s, quantType),
    ...checkNormalization(s),
    ...checkSizes(s),
    ...checkShapes(s),
    ...checkExport(s),
    ...checkTarget(s, quantType),
    ...checkCompanions(s, quantType),
  ];
}

function checkQuantType(s: KeyValues, quantType: string | undefined): Diagnostic[] {
  if (quantType !== undefined || s.has(COMMON, 'quant_type')) return [];
  const type = keyRow(COMMON, 'quant_type')?.type;
  const choices = type?.kind === 'enum' ? type.choices.map((c) => c.value) : [];
  return [errors.missingQuantType({ line: 1, ...s.at(COMMON, 'quant_type') }, choices)];
}

/** Names every key that is set and has no effect: none is ignored silently. A type that cannot run ends the list. */
function checkEffects(s: KeyValues, quantType: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const row of KEYS) {
    const value = s.value(row.section, row.key);
    if (value === undefined) continue;
    const at = s.at(row.section, row.key);
    const choice = value.kind === 'word' ? value.choice : undefined;
    if (row.effect === 'converter') found.push(errors.converterKey(at, row.key, row.doc));
    else if (row.for?.some((t) => t === quantType) === false) found.push(errors.noEffect(at, row.key, quantType));
    else if (choice !== undefined && choice.effect !== 'done') {
      found.push(errors.notCarriedOut(at, `${row.key} = ${choice.value}`, severityOf(choice.effect), carriedOut(row)));
      if (row.key === 'quant_type') break;
    } else if (row.effect !== 'done') found.push(errors.notCarriedOut(at, row.key, severityOf(row.effect)));
  }
  return found;
}

const severityOf = (effect: Effect): 'error' | 'warning' => (effect === 'error' ? 'error' : 'warning');

function carriedOut({ type }: KeyRow): string[] {
  return type.kind === 'enum' ? type.choices.filter((c) => c.effect === 'done').map((c) => c.value) : [];
}

/** Keys of mixed bits beside a fixed number of them. */
function idleMixedKeys(s: KeyValues, bits: number): Diagnostic[] {
  const section = 'mixed_bit_weight_quant_param';
  return keysOf(section).flatMap(({ key }) => {
    const message = `${key} has no effect with bit_num = ${bits}: mixed bits are bit_num = 0`;
    return s.isSet(section, key) ? [errors.hint(s.at(section, key), 'warning', message)] : [];
  });
}

function checkBits(s: KeyValues, quantType: string | undefined): Diagnostic[] {
  const bits = s.number(COMMON, 'bit_num');
  if (quantType === 'WEIGHT_QUANT') {
    const idle = bits === 0 ? [] : idleMixedKeys(s, bits);
    if (s.bool(COMMON, 'enable_encode') || bits === 8 || bits === 16) return idle;
    const message = `enable_encode = false needs bit_num 8 or 16, not ${bits}: other widths are only stored packed`;
    return [...idle, errors.conflict(s.at(COMMON, 'enable_encode'), message, 'true')];
  }
  if (quantType === undefined || bits === 8) return [];
  return [
    errors.conflict(s.at(COMMON, 'bit_num'), `bit_num = ${bits} does not go with ${quantType}, which needs 8`, '8'),
  ];
}

/** `folders` takes the class of a sample from its folder, so there must be folders. */
function checkLabels(s: KeyValues): Diagnostic[] {
  if (s.optionalWord<string>('quantscope', 'labels') !== 'folders' || s.has('quantscope', 'evaluate_path')) return [];
  const why = 'labels=folders takes the classes from the names of the folders in it';
  return [errors.missingKey(s.at('quantscope', 'labels'), { section: 'quantscope', key: 'evaluate_path' }, why)];
}

/** FULL_QUANT needs calibration samples; other types use what samples there are. */
function checkCalibration(s: KeyValues, quantType: string | undefined): Diagnostic[] {
  const missing = (key: string, why: string) => errors.missingKey(s.at(DATA, key), { section: DATA, key }, why);
  const calibrates = s.has(DATA, 'calibrate_path');
  if (quantType === 'FULL_QUANT' && !calibrates)
    return [missing('calibrate_path', 'FULL_QUANT takes the ranges of activations from samples; add input:folder')];
  if (quantType === 'WEIGHT_QUANT' && s.optionalWord('weight_quant_param', 'quant_strategy') === 'GPTQ') {
    if (!calibrates)
      return [missing('calibrate_path', 'GPTQ takes the inputs of products from samples; add input:folder')];
    if (s.number(COMMON, 'bit_num') === 0)
      return [errors.conflict(s.at(COMMON, 'bit_num'), 'quant_strategy = GPTQ needs a fixed number of bits', '8')];
  }
  if (quantType === undefined || !(calibrates || s.has('quantscope', 'evaluate_path'))) return [];
  const found: Diagnostic[] = [];
  if (calibrates && !s.has(DATA, 'calibrate_size')) {
    const message = 'calibrate_size is missing: all files are used here, but converter_lite fails without it';
    found.push(errors.hint(s.at(DATA, 'calibrate_path'), 'warning', message, [set('calibrate_size', '100')]));
  }
  if (!s.has(DATA, 'input_type')) found.push(missing('input_type', 'say whether the samples are IMAGE or BIN'));
  return found;
}

const set = (key: string, value: string): Setting => ({ section: DATA, key, value });

function checkSizes(s: KeyValues): Diagnostic[] {
  const found: Diagnostic[] = [];
  const [width, height] = ['resize_width', 'resize_height'];
  const one = [width, height].find((key) => s.isSet(DATA, key as string));
  const missing = (key: string): Diagnostic => {
    const other = s.optionalNumber(DATA, key === width ? (height as string) : (width as string));
    const value = other === undefined ? {} : { value: String(other) };
    const why = 'resize_method needs both sizes';
    return errors.missingKey(s.at(DATA, 'resize_method'), { section: DATA, key, ...value }, why);
  };
  if (s.isSet(DATA, 'resize_method')) {
    for (const key of ['resize_width', 'resize_height']) {
      if (!s.has(DATA, key)) found.push(missing(key));
    }
  } else if (one !== undefined && !s.has(DATA, 'resize_method')) {
    const message = `${one} has no effect without resize_method (LINEAR, NEAREST or CUBIC): images are not resized`;
    found.push(errors.hint(s.at(DATA, one), 'warning', message, [set('resize_method', 'LINEAR')]));
  }
  for (const [key, other] of [
    ['center_crop_width', 'center_crop_height'],
    ['center_crop_height', 'center_crop_width'],
  ] as const) {
    if (s.isSet(DATA, key) && !s.has(DATA, other))
      found.push(
        errors.hint(s.at(DATA, key), 'warning', `${key} has no effect without ${other}: nothing is cropped`, [
          set(other, String(s.optionalNumber(DATA, key))),
        ]),
      );
  }
  for (const side of ['width', 'height']) {
    const crop = s.optionalNumber(DATA, `center_crop_${side}`);
    const size = s.isSet(DATA, 'resize_method') ? s.optionalNumber(DATA, `resize_${side}`) : undefined;
    if (crop === undefined || size === undefined || crop <= size) continue;
    const message = `center_crop_${side} = ${crop} is larger than resize_${side} = ${size}`;
    found.push(errors.conflict(s.at(DATA, `center_crop_${side}`), message, String(size)));
  }
  return found;
}

const ASCEND = 'ascend_context';

/** dynamic_dims has a length for every -1 of input_shape. */
function checkShapes(s: KeyValues): Diagnostic[] {
  const open = openLengths(s.shapes(ASCEND, 'input_shape'));
  const [first, ...more] = s.profiles(ASCEND, 'dynamic_dims');
  if (first === undefined) return [];
  const at = s.at(ASCEND, 'dynamic_dims');
  if (!s.isSet(ASCEND, 'input_shape')) {
    if (s.has(ASCEND, 'input_shape')) return [];
    return [errors.missingKey(at, { section: ASCEND, key: 'input_shape' }, 'dynamic_dims gives the lengths of its -1')];
  }
  if (first.length !== open) {
    const lengths = first.length === 1 ? '1 length' : `${first.length} lengths`;
    return [errors.conflict(at, `dynamic_dims gives ${lengths} per set, but input_shape has ${open} times -1`)];
  }
  if (more.length === 0) return [];
  const message = `the model is quantized and measured with the first set of dynamic_dims, [${first.join(',')}]`;
  return [errors.hint(at, 'note', message)];
}
