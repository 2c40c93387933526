import { overrideWordsOf } from '../../config/changes.ts';
import type { QuantPlan } from '../../quant/plan.ts';
import type { BitOption, Bits } from '../../search/bitModel.ts';
import { searchBits } from '../../search/bitSearch.ts';
import { keptAsInFile } from '../errors.ts';
import type { Lab } from '../lab.ts';
import { noBitsOf } from './errors.ts';
import { type Task, telling } from './tasks.ts';

interface WeightOption extends BitOption {
  /** Of `node_overrides`; undefined for the words that are there. */
  readonly words: string | undefined;
}

/** A unit whose weight is in codes. */
interface WeightUnit {
  readonly handles: readonly string[];
  readonly options: readonly WeightOption[];
  readonly start: number;
}

/** Widths that weights are stored in: with codes of 8 bits beside them, as a file has them; alone, as we pack them. */
const WIDTHS = { FULL_QUANT: [4, 8], WEIGHT_QUANT: [2, 3, 4, 5, 6, 7, 8] } as const;
/** Bits that mixed widths are taken for where nothing is measured yet. */
const MIXED_BITS = 8;
const FLOAT_BYTES = 4;
const WIDTH_WORD = /^w\d$/;

/** The weights of a lab's config that can have other bits. @throws SES464, SES465 of a file's own */
export function weightUnitsOf(lab: Lab): WeightUnit[] {
  const { settings, run, result } = lab;
  const { quantType } = settings;
  if (lab.isKeptAsInFile) throw keptAsInFile(settings.configPath, ['bits of weights']);
  if (quantType === 'DYNAMIC_QUANT') throw noBitsOf(settings.configPath, quantType);
  const nodes = new Map(run.prepared.graph.nodes.map((n) => [n.id, n] as const));
  const words = overrideWordsOf(settings.configText);
  const { overrides } = lab.variantOf({});
  return lab.units().flatMap((unit): WeightUnit[] => {
    const elements = codedElements(lab, result.build.plan, unit.node);
    const named = [...unit.members].map((id) => lab.userNode(nodes.get(id) ?? { id, origin: [] })?.handle);
    const [handle] = named;
    if (elements === 0 || handle === undefined) return [];
    const { precision, weightBits } = overrides.get(unit.node) ?? {};
    const general = quantType === 'WEIGHT_QUANT' ? settings.weight.bits : 8;
    const bits = weightBits ?? (precision === 'int4' ? 4 : precision === 'int8' ? 8 : general);
    const others = (words.get(handle) ?? '').split('+').filter((w) => w !== '' && !WIDTH_WORD.test(w));
    const optionOf = (width: number, said: string | undefined): WeightOption => ({
      words: said,
      bytes: (elements * (width || MIXED_BITS)) / 8,
      noise: 4 ** -(width || MIXED_BITS),
    });
    const widths = WIDTHS[quantType].filter((width) => width !== bits);
    const options: WeightOption[] = [
      optionOf(bits, undefined),
      ...widths.map((width) => optionOf(width, [...others, `w${width}`].join('+'))),
      { words: 'float32', bytes: elements * FLOAT_BYTES, noise: 0 },
    ];
    return [{ handles: named.flatMap((h) => h ?? []), options, start: 0 }];
  });
}

/** Gives weights other bits, to keep to the bytes with the least loss. */
export function bitTask(units: readonly WeightUnit[], bytes: number): Task {
  const say = (bits: Bits) => {
    const overrides: Record<string, string> = {};
    for (const [i, { handles, options }] of units.entries()) {
      const words = options[bits[i] ?? 0]?.words;
      const [node, ...clamps] = handles;
      if (words === undefined || node === undefined) continue;
      overrides[node] = words;
      if (words === 'float32') for (const clamp of clamps) overrides[clamp] = words;
    }
    const handles = Object.keys(overrides);
    return { handles, change: handles.length === 0 ? {} : { overrides } };
  };
  return async (tools) => (await searchBits({ ...telling<Bits>(tools, say), units, bytes })).ended;
}

/** Elements of a node's weights in codes. */
function codedElements({ run }: Lab, plan: QuantPlan, node: number): number {
  const floatsOnly = plan.activations.size === 0; // then every constant in codes is a weight
  const values = plan.weights.flatMap((w) =>
    w.node === node && (w.product !== undefined || floatsOnly) ? [w.value] : [],
  );
  return [...new Set(values)].reduce((sum, id) => {
    const dims = run.prepared.graph.values.get(id)?.constant?.dims ?? [];
    return sum + dims.reduce((a, b) => a * b, 1);
  }, 0);
}
