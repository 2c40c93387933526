import type { Diagnostic, Setting } from '../base/diagnostics.ts';
import { FORMER_KEYS } from '../config/former.ts';

/** An option of converter_lite on the command line, of this release of it or an earlier one. */
export interface ConverterOption {
  readonly name: string;
  /** What it says in a config's words; a text is the values it takes instead. Undefined: it means nothing here. */
  readonly setting?: (value: string) => Setting | string;
  /** What becomes of it, for documents and as the answer where it means nothing here. */
  readonly doc: string;
}

const ASCEND = 'ascend_context';

const former: readonly ConverterOption[] = FORMER_KEYS.filter(({ from }) => from === 'commandLine').map(
  ({ name, now, move }) => ({
    name,
    setting: (value) => move(value, []) ?? 'WeightQuant, PostTraining',
    doc: `${now}, over what the config says`,
  }),
);

const none = (name: string, doc: string): ConverterOption => ({ name, doc });

/** Options that mean something here, or are answered by name; `--modelFile` and the like are those of `quantize`. */
export const CONVERTER_OPTIONS: readonly ConverterOption[] = [
  {
    name: 'inputShape',
    setting: (value) => ({ section: ASCEND, key: 'input_shape', value: value.replaceAll('"', '') }),
    doc: 'input_shape in [ascend_context]: fixes the dimensions that the model leaves open',
  },
  {
    name: 'inputDataFormat',
    setting: (value) =>
      ['NCHW', 'NHWC'].includes(value) ? { section: ASCEND, key: 'input_format', value } : 'NCHW, NHWC',
    doc: 'input_format in [ascend_context]: the layout of 4-D BIN files',
  },
  ...former,
  none('optimize', 'what is fused follows from the target, and the exported model keeps the nodes of the file'),
  none('fp16', 'nodes compute in float16 by [quantscope] node_overrides=node:float16'),
  none('weightFile', 'ONNX files name their external weights themselves'),
  none('saveType', 'the result is an ONNX file'),
  none('inputDataType', 'inputs keep their element types'),
  none('outputDataType', 'outputs keep their element types'),
  none('outputDataFormat', 'outputs keep their layout'),
  none('trainModel', 'models are not trained'),
  none('encryption', 'the result is not encrypted'),
  none('encryptKey', 'the result is not encrypted'),
  none('decryptKey', 'ONNX files are not encrypted'),
  none('decryptMode', 'ONNX files are not encrypted'),
  none('infer', 'the quantized model is run and compared with the float one in any case'),
  none('device', 'operators and code ranges follow target_device in [full_quant_param]'),
  none('NoFusion', 'the exported model keeps the nodes of the file'),
];

/** What the options of converter_lite say: settings over the config's, and a note for each that has no effect. */
export function readConverterOptions(values: Readonly<Record<string, unknown>>): {
  readonly settings: readonly Setting[];
  readonly notes: readonly Diagnostic[];
  /** The first that has a value it does not take, in words. */
  readonly wrong: string | undefined;
} {
  const settings: Setting[] = [];
  const notes: Diagnostic[] = [];
  let wrong: string | undefined;
  for (const { name, setting, doc } of CONVERTER_OPTIONS) {
    const value = values[name];
    if (typeof value !== 'string') continue;
    const made = setting?.(value);
    if (made === undefined) notes.push(withoutEffect(name, value, doc));
    else if (typeof made === 'string') wrong ??= `--${name}=${value} is not one of ${made}`;
    else settings.push(made);
  }
  return { settings, notes, wrong };
}

function withoutEffect(name: string, value: string, why: string): Diagnostic {
  const message = `--${name}=${value} has no effect here: ${why}`;
  return { severity: 'note', code: 'CLI107', message, at: { file: 'command line' } };
}
