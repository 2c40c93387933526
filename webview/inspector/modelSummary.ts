import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { Actions } from '../actions.ts';
import { fill, h } from '../dom.ts';
import { formatBytes, formatShape } from '../format.ts';
import { t } from '../l10n.ts';
import { Slices } from '../query/slices.ts';
import type { AppState, Store } from '../store.ts';
import { facts, link } from './facts.ts';
import { createSection } from './section.ts';

/** Operators that are listed at first. */
const MOST_OPERATORS = 40;
/** Nodes or values between two looks at the clock. */
const STRIDE = 500;

/** Bytes of an element as a file stores it; of 4-bit types half of one. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  ...{ float64: 8, int64: 8, uint64: 8, complex64: 8, complex128: 16 },
  ...{ float32: 4, int32: 4, uint32: 4 },
  ...{ float16: 2, bfloat16: 2, int16: 2, uint16: 2 },
  ...{ int8: 1, uint8: 1, bool: 1, float8e4m3fn: 1, float8e4m3fnuz: 1, float8e5m2: 1, float8e5m2fnuz: 1 },
  ...{ int4: 0.5, uint4: 0.5, float4e2m1: 0.5 },
};

export interface ModelSummary {
  readonly element: HTMLElement;
  show(state: AppState): void;
}

/** What the whole model is: while no node is selected. */
export function createModelSummary(store: Store, actions: Actions): ModelSummary {
  const model = createSection({ key: 'model', title: t('Model'), store, actions });
  const inputs = createSection({ key: 'modelInputs', title: t('Inputs'), store, actions });
  const outputs = createSection({ key: 'modelOutputs', title: t('Outputs'), store, actions });
  const operators = createSection({ key: 'operators', title: t('Operators'), store, actions });
  const title = h('h2', {});
  const hint = h('p', { class: 'hint' });
  const element = h(
    'div',
    { class: 'model-summary' },
    h('header', { class: 'details-head' }, title),
    hint,
    ...[model, inputs, outputs, operators].map((s) => s.element),
  );
  let shown: GraphTable | null = null;
  let counting: AbortController | undefined;
  /** What is counted over all nodes and values comes a little later. */
  const describe = async (graph: GraphTable, signal: AbortSignal) => {
    fill(model.body, modelFacts(graph, undefined));
    operators.note('');
    fill(operators.body);
    const slices = new Slices(signal);
    const counts = await operatorCounts(graph, slices);
    if (counts === undefined) return;
    operators.note(String(counts.length));
    fill(operators.body, operatorList(counts));
    const size = await sizeOf(graph, slices);
    if (size !== undefined) fill(model.body, modelFacts(graph, size));
  };
  return {
    element,
    show: ({ graph, run }) => {
      hint.textContent =
        run === null
          ? t('Click a node to see its attributes and tensors. After a run you also see what quantization did to them.')
          : t(
              'Click a node, or a row of the table, to see what quantization did to it. The worst are on top of the table.',
            );
      if (graph === shown) return;
      shown = graph;
      element.hidden = graph === null;
      if (graph === null) return;
      title.textContent = graph.file;
      counting?.abort();
      counting = new AbortController();
      void describe(graph, counting.signal);
      inputs.note(String(graph.inputs.length));
      outputs.note(String(graph.outputs.length));
      fill(inputs.body, tensorList(graph, graph.inputs, 'inputs', actions));
      fill(outputs.body, tensorList(graph, graph.outputs, 'outputs', actions));
    },
  };
}

function modelFacts(graph: GraphTable, size: ConstantSize | undefined): HTMLElement {
  const atLeast = (text: string) => (size?.isWhole === false ? t('at least {0}', text) : text);
  return facts([
    [t('Graph'), graph.name],
    [t('Opsets'), graph.opsets],
    [t('Producer'), graph.producer],
    [t('Nodes'), graph.nodeCount.toLocaleString('en')],
    ...(size === undefined
      ? []
      : ([
          [t('Constants'), size.constants.toLocaleString('en')],
          [t('Elements of constants'), atLeast(size.elements.toLocaleString('en'))],
          [t('Size of constants'), atLeast(formatBytes(Math.round(size.bytes)))],
        ] as const)),
    [t('Quantization'), graph.quantization === null ? '' : graph.quantization.format],
  ]);
}

interface ConstantSize {
  readonly constants: number;
  readonly elements: number;
  readonly bytes: number;
  /** False where a type or shape is not known. */
  readonly isWhole: boolean;
}

/** @returns undefined when it is no longer wanted. */
async function sizeOf(graph: GraphTable, slices: Slices): Promise<ConstantSize | undefined> {
  let [constants, elements, bytes, isWhole] = [0, 0, 0, true];
  for (let value = 0; value < graph.valueCount; value++) {
    if (value % STRIDE === 0 && !(await slices.goOn())) return undefined;
    if (graph.valueKind(value) !== 'constant') continue;
    constants++;
    const dims = graph.dims(value);
    const width = ELEMENT_BYTES[graph.dtype(value)];
    const count = dims?.reduce<number>((n, d) => n * (typeof d === 'number' ? d : Number.NaN), 1) ?? Number.NaN;
    if (width === undefined || Number.isNaN(count)) isWhole = false;
    else {
      elements += count;
      bytes += count * width;
    }
  }
  return { constants, elements, bytes, isWhole };
}

function tensorList(
  graph: GraphTable,
  ids: readonly number[],
  kind: 'inputs' | 'outputs',
  actions: Actions,
): HTMLElement {
  return h(
    'ul',
    { class: 'model-tensors' },
    ...ids.map((id) => {
      const value = graph.valueIndex(id);
      const node = kind === 'outputs' ? graph.producerOf(value) : (graph.consumersOf(value)[0] ?? -1);
      const name = graph.valueName(value);
      const type = [graph.dtype(value), formatShape(graph.dims(value))].filter((part) => part !== '').join(' ');
      return h(
        'li',
        {},
        node < 0
          ? name
          : link(name, t('Selects {0}', graph.handle(node)), () =>
              actions.select(graph.nodeId(node), { reveal: true }),
            ),
        ' ',
        h('span', { class: 'section-note' }, type),
      );
    }),
  );
}

interface OperatorCount {
  readonly name: string;
  readonly count: number;
}

/** @returns undefined when it is no longer wanted. */
async function operatorCounts(graph: GraphTable, slices: Slices): Promise<OperatorCount[] | undefined> {
  const counts = new Map<string, number>();
  for (let node = 0; node < graph.nodeCount; node++) {
    if (node % STRIDE === 0 && !(await slices.goOn())) return undefined;
    const domain = graph.domain(node);
    const name = domain === '' ? graph.opType(node) : `${domain}.${graph.opType(node)}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}

function operatorList(counts: readonly OperatorCount[]): HTMLElement {
  const row = ({ name, count }: OperatorCount) =>
    h('tr', {}, h('th', { attrs: { scope: 'row' } }, name), h('td', {}, count.toLocaleString('en')));
  const [first, rest] = [counts.slice(0, MOST_OPERATORS), counts.slice(MOST_OPERATORS)];
  const table = (rows: readonly OperatorCount[]) => h('table', { class: 'numbers' }, h('tbody', {}, ...rows.map(row)));
  if (rest.length === 0) return table(first);
  return h('div', {}, table(first), h('details', {}, h('summary', {}, t('and {0} more', rest.length)), table(rest)));
}
