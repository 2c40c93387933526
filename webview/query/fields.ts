import { parsePlain } from '../../src/protocol/metricNumbers.ts';
import { METRICS, type MetricInfo } from '../../src/protocol/metrics.ts';
import { t } from '../l10n.ts';

/** How the values of a field are compared. */
export type FieldKind = 'text' | 'choice' | 'shape' | 'attribute' | 'number';
/** Reads a number, units allowed; undefined where it is none. */
export type ParseNumber = (text: string) => number | undefined;

/** What may stand before a colon. */
export interface Field {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly kind: FieldKind;
  readonly parse: ParseNumber;
  readonly title: () => string;
  readonly example: string;
}

/** A figure by which rows can be asked for. */
export interface NumberField {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly parse: ParseNumber;
  readonly title: () => string;
  readonly example: string;
}

/** Fields of nodes and tensors that are not figures. */
export const TEXT_FIELDS: readonly Field[] = [
  choice('op', ['operator', 'type'], () => t('Operator; * stands for anything'), 'op:Conv'),
  choice('domain', [], () => t('Domain of the operator'), 'domain:com.microsoft'),
  text('name', ['node', 'handle'], () => t('Name of a node or tensor'), 'name:layer1'),
  text('tensor', [], () => t('Tensor, or a node that reads or makes one of that name'), 'tensor:logits'),
  {
    ...text('attr', ['attribute'], () => t('Attribute, with or without its value'), 'attr:group>1'),
    kind: 'attribute',
  },
  {
    ...text('shape', ['dims'], () => t('Shape; * is any length, .. any number of dimensions'), 'shape:*x64x..'),
    kind: 'shape',
  },
  choice('dtype', [], () => t('Element type'), 'dtype:float32'),
  text('group', ['in', 'path'], () => t('Group the node is in'), 'group:layer1'),
  choice('form', [], () => t('How it ran in the quantized model'), 'form:integer'),
  choice('precision', [], () => t('What it computes in'), 'precision:int8'),
  choice('skipped', ['skip'], () => t('Whether the config skips it'), 'skipped:yes'),
  choice('quantized', [], () => t('Whether it is quantized'), 'quantized:no'),
  choice('supported', [], () => t('Whether it can be run'), 'supported:no'),
  text('why', ['reason'], () => t('Why it is quantized or not'), 'why:"not float32"'),
  choice('kind', [], () => t('Weight, activation, input or constant'), 'kind:weight'),
  choice('role', [], () => t('Input or output of its node'), 'role:output'),
];

/** Every metric by its short name. */
export const METRIC_FIELDS: readonly NumberField[] = METRICS.map((metric) => ({
  name: metric.short,
  aliases: [metric.id.toLowerCase()].filter((id) => id !== metric.short),
  parse: metric.parse,
  title: () => t(metric.title),
  example: exampleOf(metric),
}));

/** `cos:<0.99`: what is worse than the third of four borders. */
function exampleOf({ short, higherIsBetter, borders, format }: MetricInfo): string {
  const sign = higherIsBetter ? '<' : '>';
  if (borders.kind === 'value') return `${short}:${sign}${format(borders.borders[2]).replace(' ', '')}`;
  return `${short}:${sign}${format(1e6).replace(' ', '')}`;
}

function text(name: string, aliases: readonly string[], title: () => string, example: string): Field {
  return { name, aliases, kind: 'text', parse: parsePlain, title, example };
}

function choice(name: string, aliases: readonly string[], title: () => string, example: string): Field {
  return { name, aliases, kind: 'choice', parse: parsePlain, title, example };
}

/** The fields a query may use. */
export class FieldSet {
  readonly all: readonly Field[];
  readonly #byName: ReadonlyMap<string, Field>;

  constructor(numbers: readonly NumberField[]) {
    const figures = numbers.map((n): Field => ({ ...n, aliases: n.aliases ?? [], kind: 'number' }));
    this.all = [...TEXT_FIELDS, ...figures];
    this.#byName = new Map(this.all.flatMap((f) => [f.name, ...f.aliases].map((name) => [name, f] as const)));
  }

  /** By name or alias, whatever its case. */
  find(name: string): Field | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** The name most like one that is not known; undefined when none is near. */
  nearest(name: string): string | undefined {
    return nearest(name.toLowerCase(), this.#byName.keys());
  }
}

/** The candidate with the fewest edits from `name`, at most a third of its letters; undefined when none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(name, candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

/** Letters to put in, take out or exchange (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchange = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(exchange, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
