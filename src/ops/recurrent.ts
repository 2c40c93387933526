import { formatDims } from '../base/shape.ts';
import type { TensorFact } from '../graph/fact.ts';
import type { Dim } from '../graph/model.ts';
import { dimsOfRank, expectDims } from './facts.ts';
import { isFloat32Stored } from './numbers.ts';
import { defineOp, type OpDef } from './opDef.ts';
import { recurDirectly } from './recurrentDirect.ts';
import { type PackedDirections, packConstants, recurByKernels } from './recurrentFloat.ts';
import {
  directionsOf,
  GATES,
  RECURRENT_ATTRIBUTES,
  type RecurrentSpecs,
  type RecurrentType,
  recurrentMacs,
} from './recurrentShared.ts';

function recurrent(type: RecurrentType, since: number): OpDef {
  return defineOp<RecurrentSpecs, PackedDirections | undefined>({
    type,
    domain: '',
    since,
    arity: [3, type === 'LSTM' ? 8 : 6],
    attributes: RECURRENT_ATTRIBUTES,
    layout: { kind: 'plain' },
    infer: (context) => {
      const { hidden_size: hidden, direction, layout } = context.attributes;
      const x = dimsOfRank(context, 0, 3);
      const w = dimsOfRank(context, 1, 3);
      const { dtype } = context.input(0);
      const rows = w?.[1];
      if (typeof rows === 'number' && rows !== GATES[type] * hidden) {
        context.fail(`W has shape ${formatDims(w ?? [])}, expected ${GATES[type]} gates of hidden_size ${hidden}`);
      }
      const d = directionsOf(direction);
      const [steps, batch] = (layout === 1 ? [x?.[1], x?.[0]] : [x?.[0], x?.[1]]).map(
        (v) => v ?? context.symbol('sequence'),
      ) as [Dim, Dim];
      const gates = GATES[type] * hidden;
      expectDims(context, 1, [d, gates, x?.[2] ?? 'input']);
      expectDims(context, 2, [d, gates, hidden]);
      expectDims(context, 3, [d, 2 * gates]);
      expectDims(context, 4, [batch]);
      const state: TensorFact = { dtype, dims: layout === 1 ? [batch, d, hidden] : [d, batch, hidden] };
      for (const i of [5, 6]) expectDims(context, i, state.dims ?? []);
      expectDims(context, 7, [d, 3 * hidden]);
      const y: TensorFact = { dtype, dims: layout === 1 ? [batch, steps, d, hidden] : [steps, d, batch, hidden] };
      return [y, state, state].slice(0, Math.max(1, context.outputCount));
    },
    prepare: (context) => packConstants(context, type),
    run: (context) =>
      isFloat32Stored(context.input(0).dtype) ? recurByKernels(context, type) : recurDirectly(context, type),
    quant: () => ({ kind: 'float', why: `${type} keeps a state over time; it is not quantized.` }),
    macs: recurrentMacs,
  });
}

/** Recurrent networks, step by step. */
export const recurrentOps: readonly OpDef[] = [recurrent('RNN', 7), recurrent('GRU', 7), recurrent('LSTM', 7)];
