import type { Diagnostic } from '../base/diagnostics.ts';
import { DEVICES, type Device } from '../quant/devices.ts';
import * as errors from './errors.ts';
import type { KeyValues } from './keyValues.ts';

const COMMON = 'common_quant_param';
const FULL = 'full_quant_param';
const OURS = 'quantscope';

/** Whose rules a config follows: what it names, else MindSpore Lite's where a device or strict_reference asks for it. */
export function targetOf(s: KeyValues): 'onnxruntime' | 'mindspore' {
  const implied = deviceOf(s) !== 'CPU' || s.bool(OURS, 'strict_reference') ? 'mindspore' : 'onnxruntime';
  return s.optionalWord(OURS, 'target') ?? implied;
}

/** Names what a target makes of keys that another would use. */
export function checkTarget(s: KeyValues, quantType: string | undefined): Diagnostic[] {
  if (quantType !== 'FULL_QUANT') return [];
  return targetOf(s) === 'onnxruntime' ? checkOnnxruntime(s) : checkDevice(s, deviceOf(s));
}

function deviceOf(s: KeyValues): Device {
  return s.optionalWord<Device>(FULL, 'target_device') ?? 'CPU';
}

function checkOnnxruntime(s: KeyValues): Diagnostic[] {
  const found: Diagnostic[] = [];
  const note = (section: string, key: string, message: string): void => {
    if (s.isSet(section, key)) found.push(errors.hint(s.at(section, key), 'note', message));
  };
  if (deviceOf(s) !== 'CPU') note(FULL, 'target_device', 'target_device has no effect for target = onnxruntime');
  if (s.bool(OURS, 'strict_reference'))
    note(OURS, 'strict_reference', 'for target = onnxruntime strict_reference changes KL and the report dialect alone');
  note(COMMON, 'min_quant_weight_channel', NO_CHANNELS);
  return found;
}

const NO_CHANNELS = 'min_quant_weight_channel has no effect for FULL_QUANT, but for target_device = ASCEND';

function checkDevice(s: KeyValues, device: Device): Diagnostic[] {
  const found: Diagnostic[] = [];
  const note = (section: string, key: string, message: string): void => {
    if (s.isSet(section, key)) found.push(errors.hint(s.at(section, key), 'note', message));
  };
  if (device !== 'ASCEND') note(COMMON, 'min_quant_weight_channel', NO_CHANNELS);
  if (!DEVICES[device].correctsBiases && s.bool(FULL, 'bias_correction'))
    note(FULL, 'bias_correction', `biases are not corrected for target_device = ${device}`);
  if (s.bool(OURS, 'strict_reference'))
    for (const key of ['activation_type', 'activation_symmetry', 'weight_symmetry'])
      note(OURS, key, `with strict_reference the device alone decides: ${key} has no effect`);
  return found;
}
