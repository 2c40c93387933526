import type { Config } from '../config/config.ts';
import type { GeneralChoice } from '../quant/choices.ts';
import { DEVICES, type Device } from '../quant/devices.ts';
import { deviceTarget } from '../quant/deviceTarget.ts';
import { onnxruntimeTarget, type Target } from '../quant/targets.ts';

/** Whose rules a run follows. */
export type TargetChoice =
  | { readonly name: 'onnxruntime' }
  | { readonly name: 'mindspore'; readonly device: Device; readonly minChannels: number; readonly strict: boolean };

export function targetChoiceOf({ quantscope, full, common }: Config): TargetChoice {
  if (quantscope.target === 'onnxruntime') return { name: 'onnxruntime' };
  const { targetDevice: device } = full;
  return { name: 'mindspore', device, minChannels: common.minQuantWeightChannel, strict: quantscope.strictReference };
}

/** The rules behind a choice. */
export function targetOf(choice: TargetChoice): Target {
  return choice.name === 'onnxruntime' ? onnxruntimeTarget : deviceTarget(choice);
}

/** The codes of a run: a device's own, but for what the config writes; strict_reference leaves all of them to the device. */
export function generalChoiceOf(config: Config): GeneralChoice {
  const { full, quantscope } = config;
  const { activationType, activationSymmetry, weightSymmetry } = quantscope;
  const { perChannel } = full;
  if (quantscope.target === 'onnxruntime') return { perChannel, activationType, activationSymmetry, weightSymmetry };
  const wants = (key: string): boolean => !quantscope.strictReference && config.has('quantscope', key);
  return {
    ...DEVICES[full.targetDevice].codes,
    perChannel,
    operands: 'weight',
    ...(wants('activation_type') && { activationType }),
    ...(wants('activation_symmetry') && { activationSymmetry }),
    ...(wants('weight_symmetry') && { weightSymmetry, perLayerWeightSymmetry: weightSymmetry }),
  };
}

/** Target and codes of a run, and of the same config under the other value of strict_reference. */
export interface TargetSettings {
  readonly target: TargetChoice;
  readonly general: GeneralChoice;
}

/** What a FULL_QUANT run is compared with; a run with target onnxruntime with what converter_lite does for the device. */
export function counterpartSettings(config: Config): TargetSettings | undefined {
  const { quantscope, common } = config;
  const strict = quantscope.strictReference;
  if (common.quantType !== 'FULL_QUANT' || (strict && quantscope.target === 'onnxruntime')) return undefined;
  const other: Config = { ...config, quantscope: { ...quantscope, target: 'mindspore', strictReference: !strict } };
  return { target: targetChoiceOf(other), general: generalChoiceOf(other) };
}

/** Whether a run corrects biases where the config asks for it: some devices do not. */
export function correctsBiases({ quantscope, full }: Config): boolean {
  return quantscope.target === 'onnxruntime' || DEVICES[full.targetDevice].correctsBiases;
}
