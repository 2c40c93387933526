import type { AbortSignalLike } from '../base/abort.ts';
import type { Diagnostic } from '../base/diagnostics.ts';
import type { QuantScheme } from '../base/quantParams.ts';
import type { Samples } from '../base/samples.ts';
import type { Program, Step } from '../exec/program.ts';
import type { ValueId } from '../graph/model.ts';
import type { KernelSet } from '../kernels/kernelSet.ts';
import { type Calibration, type CalibrationPosition, calibrate } from '../quant/calibrate.ts';
import type { KeptFloats } from '../quant/keptFloats.ts';
import { type CalibrationMethod, passesOf } from '../quant/methods.ts';
import type { KlFlavour } from '../quant/observers/kl.ts';
import type { Range } from '../quant/qparams.ts';
import type { Responses } from '../quant/response/elementwise.ts';

export interface RangeDeskParts {
  readonly float: Program;
  readonly kernels: KernelSet;
  readonly file: string;
  readonly samples: Samples;
  readonly responses: Responses;
  readonly klFlavour: KlFlavour;
  readonly kept: KeptFloats;
  /** `passes`: how often the samples are looked at. */
  readonly onStep: (at: CalibrationPosition, step: Step, passes: number) => void;
}

/** How the range of a value is to be chosen. */
export interface RangeWish {
  readonly method: CalibrationMethod;
  readonly scheme: QuantScheme;
  /** In (50, 100), for PERCENTILE. */
  readonly percentile: number;
}

interface Known {
  readonly range: Range | undefined;
  readonly counterpart: (() => Range) | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Ranges of values by the way they are chosen: each is found once, by running as much of the float model as it takes. */
export class RangeDesk {
  readonly #parts: RangeDeskParts;
  readonly #known = new Map<string, Known>();

  constructor(parts: RangeDeskParts) {
    this.#parts = parts;
  }

  /** Ranges of all values that have a wish; those not known yet are calibrated. @throws Cancelled */
  async of(wishes: ReadonlyMap<ValueId, RangeWish>, signal: AbortSignalLike): Promise<Calibration> {
    const { samples } = this.#parts;
    const missing = new Map([...wishes].filter(([id, wish]) => !this.#known.has(keyOf(id, wish))));
    const diagnostics = missing.size === 0 ? [] : await this.#calibrate(missing, signal);
    const ranges = new Map<ValueId, Range>();
    const counterparts = new Map<ValueId, () => Range>();
    for (const [id, wish] of wishes) {
      const known = this.#known.get(keyOf(id, wish));
      if (known?.range !== undefined) ranges.set(id, known.range);
      if (known?.counterpart !== undefined) counterparts.set(id, known.counterpart);
      if (!missing.has(id)) diagnostics.push(...(known?.diagnostics ?? []));
    }
    return { ranges, counterparts, samples: samples.count, diagnostics };
  }

  async #calibrate(wishes: ReadonlyMap<ValueId, RangeWish>, signal: AbortSignalLike): Promise<Diagnostic[]> {
    const { float, samples, kernels, file, responses, klFlavour, kept, onStep } = this.#parts;
    const wishOf = (id: ValueId): RangeWish => wishes.get(id) as RangeWish; // calibrate asks for those of `values`
    const passes = passesOf([...wishes.values()].map((w) => w.method));
    const percentiles = new Set([...wishes.values()].map((w) => w.percentile));
    const all: Diagnostic[] = [];
    for (const percentile of percentiles) {
      const values = new Set([...wishes.keys()].filter((id) => wishOf(id).percentile === percentile));
      const found = await calibrate(float, samples, {
        ...{ kernels, file, values, percentile, klFlavour, kept, signal },
        methodOf: (id) => wishOf(id).method,
        schemeOf: (id) => wishOf(id).scheme,
        responseOf: (id) => responses.of(id),
        onStep: (at, step) => onStep(at, step, passes),
      });
      for (const id of values) {
        const name = float.graph.values.get(id)?.name;
        this.#known.set(keyOf(id, wishOf(id)), {
          range: found.ranges.get(id),
          counterpart: found.counterparts.get(id),
          diagnostics: found.diagnostics.filter((d) => d.at.tensor !== undefined && d.at.tensor === name),
        });
      }
      all.push(...found.diagnostics);
    }
    return all;
  }
}

/** Extremes do not depend on the codes that a value will have. */
function keyOf(id: ValueId, { method, scheme, percentile }: RangeWish): string {
  if (method === 'MAX_MIN') return `${id}:${method}`;
  const { dtype, mapping, qmin, qmax } = scheme;
  return `${id}:${method}:${dtype}:${mapping}:${qmin}:${qmax}:${method === 'PERCENTILE' ? percentile : ''}`;
}
