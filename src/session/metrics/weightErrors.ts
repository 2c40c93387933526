import { type AbortSignalLike, throwIfAborted } from '../../base/abort.ts';
import type { NodeId } from '../../graph/model.ts';
import type { Build } from '../build.ts';
import { loadConstants } from '../prepared.ts';
import type { RunState } from '../run.ts';
import { weightPair } from '../tensorPair.ts';
import type { TensorWeight } from '../tensors.ts';
import { userNodes } from './userNodes.ts';

/** What a weight's codes or rounded values are off by; both never change. */
const measured = new WeakMap<object, number>();

/**
 * Relative RMS error of the weights of each node, of the worst one: sqrt(sum (w - w')^2 / sum w^2) with w' what its codes
 * stand for, corrections included, or what it was rounded to. Biases, in int32, are left out. NaN for nodes without.
 *
 * @throws Cancelled
 */
export async function weightErrors(run: RunState, build: Build, signal: AbortSignalLike): Promise<Float64Array> {
  const { prepared, open } = run;
  const owners = userNodes(prepared.graph, open.model.graph);
  const errors = new Float64Array(open.model.graph.nodes.length).fill(Number.NaN);
  for (const { node, weight } of weightsOf(run, build)) {
    throwIfAborted(signal);
    const error = await errorOf(run, weight);
    const owner = owners.get(node);
    if (owner === undefined || Number.isNaN(error)) continue;
    errors[owner] = Number.isNaN(errors[owner]) ? error : Math.max(errors[owner] as number, error);
  }
  return errors;
}

function weightsOf({ prepared }: RunState, { assignment }: Build): { node: NodeId; weight: TensorWeight }[] {
  const inputsOf = new Map(prepared.graph.nodes.map((n) => [n.id, n.inputs]));
  const coded = assignment.constants.flatMap(({ node, input, quantized }) => {
    const float = inputsOf.get(node)?.[input];
    const isBias = quantized.params.scheme.dtype === 'int32';
    return float === undefined || isBias ? [] : [{ node, weight: { float, quantized, rounded: undefined } }];
  });
  const halves = [...assignment.halves].flatMap(([node, { constants }]) =>
    [...constants].flatMap(([input, rounded]) => {
      const float = inputsOf.get(node)?.[input];
      return float === undefined ? [] : [{ node, weight: { float, quantized: undefined, rounded } }];
    }),
  );
  return [...coded, ...halves];
}

async function errorOf(run: RunState, weight: TensorWeight): Promise<number> {
  const key = weight.quantized ?? weight.rounded;
  const known = key && measured.get(key);
  if (known !== undefined) return known;
  const tensor = (await loadConstants(run.prepared.graph, [weight.float])).get(weight.float);
  const pair = tensor && weightPair(tensor, weight);
  if (pair === undefined || key === undefined) return Number.NaN;
  const { aa, squaredError } = run.float.kernels.pairSumsF32(pair.origin, pair.dequant);
  const error = squaredError === 0 ? 0 : Math.sqrt(squaredError / aa);
  measured.set(key, error);
  return error;
}
