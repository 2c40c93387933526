import { done, type KeyType, oneOf, type Row } from './keyTypes.ts';

const text = (...examples: readonly string[]): KeyType => ({ kind: 'text', examples });

const none = (key: string, doc: string, ...examples: readonly string[]): Row => ({
  key,
  type: text(...examples),
  effect: 'converter',
  doc,
});

/** The keys of `[ascend_context]`: shapes and layouts mean something here, what concerns the device does not. */
export const ASCEND: readonly Row[] = [
  {
    key: 'input_shape',
    type: { kind: 'shapes' },
    effect: 'done',
    doc: 'Shapes of the inputs, separated by semicolons: input:[1,3,224,224]. They fix the dimensions that the model leaves open; -1 takes its length from dynamic_dims.',
  },
  {
    key: 'dynamic_dims',
    type: { kind: 'profiles' },
    effect: 'done',
    doc: 'Lengths for every -1 of input_shape, one set per pair of brackets: [1~4],[8]. The model is quantized and measured with the first.',
  },
  {
    key: 'input_format',
    type: oneOf(
      done('NCHW', 'channels first'),
      done('NHWC', 'channels last'),
      done('ND', 'any shape; says nothing about BIN files'),
    ),
    effect: 'done',
    doc: 'Layout of 4-D inputs; here that of BIN files, where [quantscope] bin_layout does not say it.',
  },
  none('provider', 'the engine that runs the model on the device', 'ge'),
  none('precision_mode', 'floats of the device', 'enforce_fp32', 'preferred_fp32', 'enforce_fp16', 'enforce_origin'),
  none('op_select_impl_mode', 'kernels of the device', 'high_performance', 'high_precision'),
  none('fusion_switch_config_file_path', 'fusions of the Ascend compiler', 'fusion_switch.cfg'),
  none('buffer_optimize', 'buffers of the device', 'l2_optimize', 'off_optimize'),
  none('insert_op_config_file_path', 'preprocessing on the device (AIPP)', 'insert_op.cfg'),
  none('om_file_path', 'where the compiled model goes', 'model.om'),
  none('aoe_mode', 'tuning on the device', 'subgraph tuning', 'operator tuning'),
  none('plugin_custom_ops', 'fused operators of the device', 'All'),
  none('custom_fusion_pattern', 'fused operators of the device', 'pattern'),
  none('op_attrs', 'attributes of fused operators', 'attrs'),
  none('device_id', 'the device that compiles', '0'),
  none('output_type', 'element type of the outputs on the device', 'FP16', 'FP32', 'UINT8'),
  none('inputs_to_variable', 'inputs that stay on the device', 'inputs'),
  none('outputs_to_variable', 'outputs that stay on the device', 'outputs'),
];
