import type { AbortSignalLike } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Tensor } from '../base/tensor.ts';
import type { Step } from '../exec/program.ts';
import { Ids } from '../graph/build.ts';
import type { ValueId } from '../graph/model.ts';
import { GraphEditor } from '../graph/patch.ts';
import { CONSTANT_AFFINE, foldAffine } from '../passes/foldAffine.ts';
import { ConstantLoader } from '../passes/foldConstants.ts';
import { inferFacts } from '../passes/inferFacts.ts';
import { pushAddends } from '../passes/pushAddends.ts';
import { pushFactors } from '../passes/pushFactors.ts';
import { balanceChannels } from '../quant/balance/balance.ts';
import { channelShares } from '../quant/balance/peaks.ts';
import { balancedChannels } from '../quant/errors.ts';
import { type CompileParts, compileGraph, ownersIn, type Prepared } from './prepared.ts';

export interface BalanceParts extends CompileParts {
  readonly calibration: Samples;
  readonly inserts: boolean;
  /** In (0, 1). */
  readonly exponent: number;
  readonly signal: AbortSignalLike;
  readonly onStep: (sample: number, name: string, step: Step) => void;
}

/**
 * The prepared graph with constant factors in its weights and balanced channels: the float model from here on. The
 * float program runs over all calibration samples once.
 * @throws Cancelled
 */
export async function withBalancedChannels(parts: BalanceParts): Promise<Prepared> {
  const { open, calibration, inserts, exponent, signal, onStep } = parts;
  const folded = await withFoldedFactors(parts);
  const float = await compileGraph({ ...parts, prepared: folded }, folded.graph, { apart: true, signal });
  try {
    const shares = await channelShares(float, calibration, { signal, onStep });
    const { graph, facts, nextNodeId, nextValueId, values, inserted } = await balanceChannels(folded, {
      shares,
      inserts,
      exponent,
    });
    const gone = parts.prepared.graph.nodes.length - folded.graph.nodes.length;
    const note = balancedChannels(open.file, gone, values, inserted);
    return {
      ...folded,
      graph,
      facts,
      nextNodeId,
      nextValueId,
      ownerOf: ownersIn(graph),
      diagnostics: [...folded.diagnostics, note],
    };
  } finally {
    float.release();
  }
}

async function withFoldedFactors({ open, prepared }: CompileParts): Promise<Prepared> {
  const ids = new Ids(prepared);
  const editor = new GraphEditor(prepared.graph, ids);
  await foldAffine(editor, new ConstantLoader(editor), prepared.facts, CONSTANT_AFFINE);
  await pushFactors(editor, prepared.facts);
  await pushAddends(editor, new ConstantLoader(editor), prepared.facts);
  const graph = editor.finish();
  const constants = new Map<ValueId, Tensor>();
  for (const [id, { constant }] of prepared.facts) if (constant !== undefined) constants.set(id, constant);
  const { inputDims } = prepared;
  const { facts } = inferFacts(graph, { opsets: open.model.opsets, file: open.file, inputDims, constants });
  const { nextNodeId, nextValueId } = ids;
  return { ...prepared, graph, facts, nextNodeId, nextValueId, ownerOf: ownersIn(graph) };
}
