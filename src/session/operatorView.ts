import { docOf, specificationOf } from '../ops/docs/docOf.ts';
import type { AttributeSpec } from '../ops/opDef.ts';
import { findOp } from '../ops/registry.ts';
import type { OperandView, OperatorRequest, OperatorView } from '../protocol/operatorViews.ts';

/**
 * What is known of an operator.
 * @param opsets versions by domain, of the model; '' is ai.onnx.
 */
export function operatorView({ domain, opType }: OperatorRequest, opsets: ReadonlyMap<string, number>): OperatorView {
  const standard = domain === 'ai.onnx' ? '' : domain;
  const def = findOp(standard, opType, opsets.get(standard) ?? 0);
  const [text, formula, inputs, outputs] = docOf(standard, opType) ?? ['', '', '', ''];
  return {
    opType,
    domain: standard,
    text,
    formula,
    inputs: operands(inputs),
    outputs: operands(outputs),
    attributes: Object.entries(def?.attributes ?? {}).map(([name, spec]) => ({
      name,
      kind: spec.kind,
      required: spec.required === true,
      default: defaultText(spec),
    })),
    url: specificationOf(standard, opType) ?? null,
    since: def?.since ?? null,
  };
}

function operands(names: string): OperandView[] {
  return names.split(' ').flatMap((name): OperandView[] => {
    if (name === '') return [];
    return [{ name: name.replace(/[?…]$/, ''), optional: name.endsWith('?'), variadic: name.endsWith('…') }];
  });
}

function defaultText(spec: AttributeSpec): string | null {
  if (!('default' in spec) || spec.default === undefined) return null;
  const value: number | string | readonly (number | string)[] = spec.default;
  return typeof value === 'object' ? `[${value.join(', ')}]` : String(value);
}
