import { int64Tensor } from '../base/tensor.ts';
import type { Attribute, Node } from '../graph/model.ts';
import type { GraphEditor } from '../graph/patch.ts';
import { cannotRaise } from './errors.ts';

/** The first opset with codes of 4 and 16 bits. */
export const NARROW_AND_WIDE_CODES = 21;

interface Later {
  /** The opset in which the operator's form became another one. */
  readonly until: number;
  readonly adapt: (node: Node, editor: GraphEditor) => string | undefined;
}

/** Every operator of ai.onnx 13 to 20 whose meaning or form is another one at 21. */
const LATER: Readonly<Record<string, Later>> = {
  ReduceMax: { until: 18, adapt: axesToInput },
  ReduceMin: { until: 18, adapt: axesToInput },
  ReduceMean: { until: 18, adapt: axesToInput },
  ReduceProd: { until: 18, adapt: axesToInput },
  ReduceL1: { until: 18, adapt: axesToInput },
  ReduceL2: { until: 18, adapt: axesToInput },
  ReduceLogSum: { until: 18, adapt: axesToInput },
  ReduceLogSumExp: { until: 18, adapt: axesToInput },
  ReduceSumSquare: { until: 18, adapt: axesToInput },
  Split: { until: 18, adapt: countOutputs },
  RoiAlign: { until: 16, adapt: outputHalfPixel },
  GridSample: { until: 20, adapt: renameModes },
  DFT: { until: 20, adapt: () => 'its axis is an attribute' },
  GroupNormalization: { until: 21, adapt: () => 'its scale and bias are per group' },
};

/**
 * Brings nodes of ai.onnx 13 or later to the forms of opset 21.
 * @param from the opset they are of; below 13 they have been brought to 13 before.
 * @throws EXE150 where a node has none.
 */
export function raiseToLater(editor: GraphEditor, from: number, file: string): void {
  for (const node of [...editor.nodes]) {
    const later = node.domain === '' ? LATER[node.opType] : undefined;
    const why = later !== undefined && from < later.until ? later.adapt(node, editor) : undefined;
    if (why !== undefined)
      throw cannotRaise({ file, node: node.handle, opType: node.opType }, from, NARROW_AND_WIDE_CODES, why);
  }
}

function axesToInput(node: Node, editor: GraphEditor): undefined {
  const axes = node.attributes.get('axes');
  if (axes?.kind !== 'ints') return;
  const constant = int64Tensor([axes.value.length], axes.value);
  editor.setInput(node.id, 1, editor.addConstant(`${node.handle}_axes`, constant));
  editor.updateNode(node.id, { attributes: new Map([...node.attributes].filter(([name]) => name !== 'axes')) });
}

/** A Split without lengths says how many parts there are. */
function countOutputs(node: Node, editor: GraphEditor): undefined {
  if (node.inputs[1] !== undefined) return;
  setAttribute(node, editor, 'num_outputs', { kind: 'int', value: node.outputs.length });
}

function outputHalfPixel(node: Node, editor: GraphEditor): undefined {
  setAttribute(node, editor, 'coordinate_transformation_mode', { kind: 'string', value: 'output_half_pixel' });
}

function renameModes(node: Node, editor: GraphEditor): undefined {
  const mode = node.attributes.get('mode');
  if (mode?.kind !== 'string') return;
  const renamed = { bilinear: 'linear', bicubic: 'cubic' }[mode.value];
  if (renamed !== undefined) setAttribute(node, editor, 'mode', { kind: 'string', value: renamed });
}

function setAttribute(node: Node, editor: GraphEditor, name: string, value: Attribute): void {
  editor.updateNode(node.id, { attributes: new Map([...node.attributes, [name, value]]) });
}
