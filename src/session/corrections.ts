import type { AbortSignalLike } from '../base/abort.ts';
import type { Samples } from '../base/samples.ts';
import type { Program, Step } from '../exec/program.ts';
import type { NodeId } from '../graph/model.ts';
import type { QdqAssignment } from '../passes/insertQdq.ts';
import { measureBiasCorrection } from '../quant/biasCorrection.ts';
import { isolatedSteps } from '../quant/isolate.ts';
import type { KeptFloats } from '../quant/keptFloats.ts';
import type { QuantPlan } from '../quant/plan.ts';
import type { AloneProgram, Calibrated } from './build.ts';

export interface CorrectionDeskParts {
  readonly float: Program;
  readonly samples: Samples;
  readonly kept: KeptFloats;
  readonly onSample: (sample: number, name: string) => void;
  /** Called before each step of the float model, for each sample. */
  readonly onStep: (sample: number, name: string, step: Step) => void;
}

/** A plan with nothing skipped, what it computed, and programs of single nodes of it. */
export interface Uncorrected {
  readonly plan: QuantPlan;
  readonly assignment: QdqAssignment;
  readonly alone: (nodes: ReadonlySet<NodeId>) => Promise<AloneProgram>;
}

/**
 * What the biases of convolutions must make up for, by the codes that each reads and makes: measured once, over all
 * calibration samples, for as long as these stay.
 */
export class CorrectionDesk {
  readonly #parts: CorrectionDeskParts;
  readonly #known = new Map<string, Float64Array | null>();

  constructor(parts: CorrectionDeskParts) {
    this.#parts = parts;
  }

  /** @returns real values [C] by node of the prepared graph. @throws Cancelled */
  async of(
    { prepared, kernels }: Pick<Calibrated, 'prepared' | 'kernels'>,
    { plan, assignment, alone }: Uncorrected,
    signal: AbortSignalLike,
  ): Promise<Map<NodeId, Float64Array>> {
    const { float, samples, kept, onSample, onStep } = this.#parts;
    const keys = keysOf(plan, assignment, prepared);
    const missing = new Set([...keys].flatMap(([node, key]) => (this.#known.has(key) ? [] : [node])));
    if (missing.size > 0) {
      const { program, floatOf } = await alone(missing);
      try {
        const steps = isolatedSteps(program, floatOf).filter(({ step: { node } }) => missing.has(node.id));
        const options = { kernels, signal, kept, onSample, onStep };
        const found = await measureBiasCorrection(float, program, steps, samples, options);
        for (const [node, key] of keys) if (missing.has(node)) this.#known.set(key, found.get(node) ?? null);
      } finally {
        program.release();
      }
    }
    return new Map(
      [...keys].flatMap(([node, key]) => {
        const correction = this.#known.get(key);
        return correction == null ? [] : [[node, correction] as const];
      }),
    );
  }
}

/** What decides a convolution's correction: its node, its constants and the parameters of its input and output. */
function keysOf(plan: QuantPlan, assignment: QdqAssignment, { graph, signatures }: Calibrated['prepared']) {
  const keys = new Map<NodeId, string>();
  const convolutions = new Map(graph.nodes.filter((n) => n.opType === 'Conv').map((n) => [n.id, n]));
  const folds = new Map([...plan.folded.values()].map(({ from, to }) => [from, to]));
  const identity = (object: object | undefined): number => (object === undefined ? 0 : signatures.identity(object));
  for (const { node: id, product } of plan.weights) {
    const node = convolutions.get(id);
    const made = node?.outputs[0];
    if (node === undefined || made === undefined || product === undefined) continue;
    const read = assignment.conversions.find((c) =>
      c.uses.some((u) => u.node === id && u.input === product.activationInput),
    );
    const parts = [
      read?.params ?? assignment.activations.get(product.activation),
      assignment.activations.get(folds.get(made) ?? made),
      ...assignment.constants.flatMap((c) => (c.node === id ? [c.quantized] : [])),
    ];
    keys.set(id, [id, ...parts.map(identity)].join(':'));
  }
  return keys;
}
