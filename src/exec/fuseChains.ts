import { sameDims, sizeOf } from '../base/shape.ts';
import { hasStaticDims } from '../graph/fact.ts';
import type { Node, ValueId } from '../graph/model.ts';
import type { ChainLink, UnaryOp } from '../kernels/kernelSet.ts';
import { floatsOf } from '../ops/numbers.ts';
import { defineOp } from '../ops/opDef.ts';
import { type Draft, NO_CLAMP, type PlanContext } from './draft.ts';
import { clampOf } from './quantNodes.ts';

/** A float32 value as a function of another one, element by element. */
interface Chain {
  readonly root: ValueId;
  readonly links: readonly ChainLink[];
  /** What computes it from the root. */
  readonly group: readonly Node[];
}

/** What an operator does to a value by a number on its right, and on its left. */
const BY_NUMBER: Readonly<Record<string, readonly [right: UnaryOp, left: UnaryOp]>> = {
  Add: ['plus', 'plus'],
  Sub: ['plus', 'minusFrom'],
  Mul: ['times', 'times'],
  Div: ['over', 'under'],
};

/**
 * Makes one step of every chain of element-wise float32 steps that starts at one value: x * Sigmoid(x), or
 * x * Clip(x + 3, 0, 6) / 6 however it is written. Each link rounds as the step it stands for, so the bits are the same. A
 * value that is kept or that several nodes read ends its chain; steps whose results nobody reads any more are the caller's
 * to drop.
 */
export function fuseChains(drafts: readonly Draft[], context: PlanContext): readonly Draft[] {
  const open = new Map<ValueId, Chain>();
  return drafts.map((draft) => {
    const [id] = draft.outputs;
    const chain = id === undefined ? undefined : chainTo(id, draft, open, context);
    if (chain === undefined || id === undefined) return draft;
    if (!context.kept.has(id) && context.wiring.consumers.get(id)?.length === 1) open.set(id, chain);
    return chain.links.length === 1 ? draft : asStep(draft, chain);
  });
}

function chainTo(
  id: ValueId,
  draft: Draft,
  open: ReadonlyMap<ValueId, Chain>,
  context: PlanContext,
): Chain | undefined {
  const { form, def, outputs, captures, clamp } = draft;
  if (form !== 'float' || def.layout.kind !== 'any' || outputs.length !== 1 || captures.length > 0) return undefined;
  if (clamp.lo !== NO_CLAMP.lo || clamp.hi !== NO_CLAMP.hi) return undefined;
  const chain = extended(draft, open, context);
  const [from, to] = [chain && context.facts.get(chain.root), context.facts.get(id)];
  if (from === undefined || to === undefined || from.dtype !== 'float32' || to.dtype !== 'float32') return undefined;
  return hasStaticDims(from) && hasStaticDims(to) && sameDims(from.dims, to.dims) ? chain : undefined;
}

/** The chain of the one value that a draft reads with its own link added. */
function extended(draft: Draft, open: ReadonlyMap<ValueId, Chain>, context: PlanContext): Chain | undefined {
  const values = draft.inputs.filter((id) => id !== undefined && !context.constants.has(id)) as ValueId[];
  const [first, second] = values;
  if (first === undefined || values.length > 2) return undefined;
  if (second === undefined) {
    const link = linkOf(draft, context);
    const before = open.get(first) ?? { root: first, links: [], group: [] };
    return link && { ...before, links: [...before.links, link], group: [...before.group, ...draft.group] };
  }
  if (!isOf(draft, 'Mul')) return undefined;
  for (const [value, start] of [values, [second, first]] as [ValueId, ValueId][]) {
    const before = open.get(value);
    if (before?.root !== start) continue;
    return { ...before, links: [...before.links, { op: 'timesStart' }], group: [...before.group, ...draft.group] };
  }
  return undefined;
}

/** What a draft of one value does to it. */
function linkOf({ node, def, attributes, inputs }: Draft, context: PlanContext): ChainLink | undefined {
  const kernel = def.unaryKernel?.(attributes);
  if (kernel !== undefined) return kernel;
  const clamp = clampOf(node, context);
  if (clamp !== undefined) return { op: 'clamp', alpha: clamp.lo, beta: clamp.hi };
  const ops = node.domain === '' ? BY_NUMBER[node.opType] : undefined;
  const side = inputs.findIndex((id) => id !== undefined && context.constants.has(id));
  const id = inputs[side];
  const constant = id === undefined ? undefined : context.constants.get(id);
  if (ops === undefined || constant?.dtype !== 'float32' || sizeOf(constant.dims) !== 1) return undefined;
  const number = floatsOf(constant)[0] as number;
  const op = ops[side === 1 ? 0 : 1];
  return { op, alpha: node.opType === 'Sub' && side === 1 ? -number : number };
}

function isOf({ node }: Draft, opType: string): boolean {
  return node.domain === '' && node.opType === opType;
}

/** The same chain, where one link does what several do and rounds as they do. */
function shortened(links: readonly ChainLink[]): readonly ChainLink[] {
  const [plus, clamp, product, over, ...others] = links;
  if (plus?.op === 'plus' && clamp?.op === 'clamp' && product?.op === 'timesStart' && over?.op === 'over')
    if (clamp.alpha === 0 && clamp.beta === over.alpha)
      return [{ op: 'hardGate', alpha: plus.alpha ?? 0, beta: over.alpha ?? 0 }, ...shortened(others)];
  const short: ChainLink[] = [];
  for (const link of links) {
    const last = short.at(-1);
    if (last?.op !== 'times' || link.op !== 'plus') short.push(link);
    else short.splice(-1, 1, { op: 'affine', alpha: last.alpha ?? 0, beta: link.alpha ?? 0 });
  }
  return short;
}

/** The draft as one step from the root of its chain. */
function asStep(draft: Draft, chain: Chain): Draft {
  const { root, group } = chain;
  const links = shortened(chain.links);
  const { integer: _, prepare: __, ...def } = draft.def;
  return {
    ...draft,
    def: defineOp({
      ...def,
      run: (context) => {
        const x = context.input(0);
        const out = context.output(0, 'float32', x.dims);
        context.kernels.chainF32(links, floatsOf(x), floatsOf(out));
        return [out];
      },
    }),
    group,
    inputs: [root],
    links,
  };
}
