import type { ConfigChange } from '../protocol/changes.ts';
import type { NodeOverride } from '../quant/overrides.ts';
import { words } from './cures.ts';
import { LEAST_GAIN } from './rankCures.ts';

/** Single cures do where they leave no more than this of the loss: of noise, a quarter is one bit less. */
const LEFT_OVER = 0.25;
/** Fewest nodes that get 16 bits together, where there are more: causes have cures for a node and its neighbours. */
const FEWEST = 8;
/** Of what the best of them wins, a smaller one that wins less is the last of its row that is tried. */
const HALF = 0.5;

/** Nodes that get 16 bits together, as a config names them. */
export interface WideGroup {
  /** The node, the clamp that folds into it, and those behind that pass its codes on. */
  readonly handles: readonly string[];
}

export interface WideParts {
  /** Worst first. */
  readonly groups: readonly WideGroup[];
  readonly wordsOf: (handle: string) => NodeOverride;
  /** Whether correcting biases would change something that is not so already. */
  readonly canCorrect: boolean;
}

/** 16-bit activations for the worst nodes. */
export interface WideCandidate {
  readonly kind: 'worst:16' | 'worst:16+bias_correction';
  readonly nodes: number;
  readonly change: ConfigChange;
}

/** Whether the model as a whole is to be treated. @param gain of the best cure there is; 0 without one */
export function callsForWhole(gain: number, lossBefore: number): boolean {
  return lossBefore > 0 && lossBefore - gain > LEFT_OVER * lossBefore;
}

/** How many nodes are tried, worst first: all, then powers of two down to 8, one more for each doubling of the model. */
export function widths(nodes: number): readonly number[] {
  const fewer: number[] = [];
  for (let k = FEWEST; k < nodes; k *= 2) fewer.unshift(k);
  return nodes === 0 ? [] : [nodes, ...fewer];
}

/**
 * Tries 16-bit activations for fewer and fewer of the worst nodes, without and with corrected biases. The whole model goes
 * first: what does not help there is not tried for less, nor is what wins less than half of the best any further.
 *
 * @param measure what a candidate wins; undefined where the config, the target or the model do not allow it.
 */
export async function tryWide(
  { groups, wordsOf, canCorrect }: WideParts,
  lossBefore: number,
  measure: (candidate: WideCandidate) => Promise<number | undefined>,
): Promise<void> {
  const least = LEAST_GAIN * lossBefore;
  let best = 0;
  let kinds: readonly WideCandidate['kind'][] = canCorrect ? ['worst:16', 'worst:16+bias_correction'] : ['worst:16'];
  for (const nodes of widths(groups.length)) {
    const gains = new Map<string, number>();
    for (const kind of kinds) {
      const gain = await measure({ kind, nodes, change: changeOf(groups.slice(0, nodes), kind, wordsOf) });
      if (gain !== undefined) gains.set(kind, gain);
      best = Math.max(best, gain ?? 0);
    }
    kinds = kinds.filter((kind) => (gains.get(kind) ?? 0) > Math.max(least, HALF * best));
    const [plain, corrected] = [gains.get('worst:16') ?? 0, gains.get('worst:16+bias_correction') ?? 0];
    if (corrected <= plain + least) kinds = kinds.filter((kind) => kind === 'worst:16');
  }
}

function changeOf(
  groups: readonly WideGroup[],
  kind: WideCandidate['kind'],
  wordsOf: WideParts['wordsOf'],
): ConfigChange {
  const handles = [...new Set(groups.flatMap((g) => g.handles))];
  const all = handles.map((handle) => {
    const { precision, weightBits } = wordsOf(handle);
    const bits = weightBits ?? (precision === 'int4' ? 4 : undefined); // int16 in place of int4 would widen the weight too
    return words({ wordsOf }, [handle], { precision: 'int16', ...(bits !== undefined && { weightBits: bits }) })
      .overrides;
  });
  const correction = { section: 'full_quant_param', key: 'bias_correction', value: 'true' };
  return { overrides: Object.assign({}, ...all), ...(kind === 'worst:16' ? {} : { settings: [correction] }) };
}
