import type { AbortSignalLike } from '../base/abort.ts';
import { invariant, throwErrors } from '../base/diagnostics.ts';
import { applyChange } from '../config/changes.ts';
import { parseConfig } from '../config/config.ts';
import type { Node } from '../graph/model.ts';
import type { ConfigChange } from '../protocol/changes.ts';
import type { QuantPlan } from '../quant/plan.ts';
import { type Unit, unitsOf } from '../sensitivity/units.ts';
import type { Judge } from '../whatif/judge.ts';
import { judgeOutputs } from '../whatif/outputs.ts';
import { earlierOf } from '../whatif/rerun.ts';
import type { Build } from './build.ts';
import { keptAsInFile } from './errors.ts';
import type { Result } from './result.ts';
import type { RunState } from './run.ts';
import { type Settings, sameRun } from './settings.ts';
import { quantizedBytes } from './sizes.ts';
import { type Variant, variantOf, variantSettingsOf } from './variant.ts';

export interface LabParts {
  readonly run: RunState;
  /** Of the last run or trial: what changes start from. */
  readonly settings: Settings;
  readonly result: Result;
}

/** What a changed config gives. */
export interface Measured {
  /** By the judge. */
  readonly value: number;
  /** 0 for what equals the float model; more is worse. */
  readonly loss: number;
  /** Of the quantized model's constants. */
  readonly bytes: number;
}

export interface MeasureOptions {
  readonly judge: Judge;
  /** Evaluation samples, from the first. */
  readonly samples: number;
  readonly signal: AbortSignalLike;
}

/**
 * Measures changes of a config, one after the other, from what a run left behind: the same change under the same judge is
 * measured once. Sweeps, searches and cures ask here.
 */
export class Lab {
  readonly run: RunState;
  readonly settings: Settings;
  readonly result: Result;
  readonly #known = new Map<string, Measured>();
  readonly #handles: ReadonlyMap<number, string>;

  constructor({ run, settings, result }: LabParts) {
    this.run = run;
    this.settings = settings;
    this.result = result;
    this.#handles = new Map(run.open.view.nodes.map((n) => [n.id, n.handle] as const));
  }

  /** Nodes that add an error of their own, with the clamps that fold into them, under the config as it is. */
  units(plan: QuantPlan = this.result.build.plan): readonly Unit[] {
    return unitsOf(this.run.prepared.graph, plan);
  }

  /** The user's node by whose handle a config names a node of the prepared graph: the last that it stands for. */
  userNode({
    id,
    origin,
  }: Pick<Node, 'id' | 'origin'>): { readonly nodeId: number; readonly handle: string } | undefined {
    const nodeId = [...[...origin].reverse(), id].find((n) => this.#handles.has(n));
    return nodeId === undefined ? undefined : { nodeId, handle: this.#handles.get(nodeId) as string };
  }

  /** Whether the parameters of a file that is quantized already are what is measured. */
  get isKeptAsInFile(): boolean {
    return this.run.open.quantization !== undefined && this.settings.importedModel === 'evaluate';
  }

  /** @throws DiagnosticError SES465 for words of nodes and settings, which leave a file's own quantization as it is. */
  refuse({ overrides = {}, settings = [] }: ConfigChange): void {
    const what = [
      ...(Object.values(overrides).some((words) => words !== '') ? ['node_overrides'] : []),
      ...settings.map(({ key }) => key),
    ];
    if (this.isKeptAsInFile && what.length > 0) throw keptAsInFile(this.settings.configPath, what);
  }

  /**
   * @throws DiagnosticError CFG… where the change makes no config, SES402 where it needs a run of its own, SES465 where a
   *   file's own quantization is kept.
   */
  variantOf(change: ConfigChange): Variant {
    const { settings, run } = this;
    this.refuse(change);
    const configText = applyChange(settings.configText, change);
    const { config, diagnostics } = parseConfig(configText, settings.configPath);
    throwErrors(diagnostics);
    invariant(config !== undefined, 'a config without errors is there');
    sameRun(settings, config);
    return variantOf(variantSettingsOf(config), run.open, run.prepared);
  }

  /** @throws as {@link variantOf}; Cancelled */
  async measure(change: ConfigChange, options: MeasureOptions): Promise<Measured> {
    const { judge, samples } = options;
    const variant = this.variantOf(change);
    const key = `${judge.id} ${samples} ${keyOf(variant)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const build = await this.run.builder.build(variant, options.signal);
    try {
      const measured = await this.judge(build, options);
      this.#known.set(key, measured);
      return measured;
    } finally {
      build.program.release();
    }
  }

  /** @throws Cancelled */
  async judge(build: Build, { judge, samples, signal }: MeasureOptions): Promise<Measured> {
    const { float, cache, sampleCount } = this.run;
    const judging = judge.start();
    const count = Math.min(samples, sampleCount);
    const { program: quant, pairs } = build;
    const earlier = earlierOf([this.result.build.pairs]);
    await judgeOutputs({ float, quant, pairs, samples: this.run.samples, count, cache, earlier, judging, signal });
    const value = await judging.finish();
    return { value, loss: judge.loss(value), bytes: quantizedBytes(build) };
  }
}

function keyOf({ skip, overrides, ...general }: Variant): string {
  const ordered = [...overrides].sort(([a], [b]) => a - b);
  return JSON.stringify([[...skip].sort((a, b) => a - b), ordered, general]);
}
