import type { GraphTable } from '../../src/protocol/graphTable.ts';
import type { StatsView, TensorView } from '../../src/protocol/views.ts';
import type { Actions } from '../actions.ts';
import { tsvOf } from '../charts/textTable.ts';
import { h } from '../dom.ts';
import { formatCosine, formatDb, formatNumber, formatShare } from '../format.ts';
import { t } from '../l10n.ts';
import { facts, link } from './facts.ts';
import { NUMBERS, numberText, numberTitle, quantText, statisticsOf, storedText, typeText } from './tensorText.ts';

export interface TensorCardOptions {
  readonly tensor: TensorView;
  readonly graph: GraphTable;
  readonly actions: Actions;
  /** Whether there was a run: before one only what the file itself says of quantization is shown. */
  readonly model: 'float' | 'quantized';
  /** Whether the charts below are of this tensor. */
  readonly isCharted: boolean;
  /** Goes to the charts of this tensor. */
  readonly showCharts: () => void;
  /** The node of the inspector. */
  readonly nodeId: number;
}

/** Neighbours that are named; of a tensor read by many the others are counted. */
const MOST_NEIGHBOURS = 4;

/** One tensor of a node: shape, parameters, figures, its five numbers, who makes and who reads it. */
export function createTensorCard(options: TensorCardOptions): HTMLElement {
  const { tensor, model, actions, isCharted } = options;
  const { origin, dequant, name } = tensor;
  const chart = link(t('Charts'), t('Shows the charts of {0}', name), options.showCharts);
  chart.setAttribute('aria-pressed', String(isCharted));
  return h(
    'section',
    { class: isCharted ? 'tensor charted' : 'tensor' },
    h('h4', { title: name }, h('span', { class: 'role' }, roleText(tensor)), name),
    facts([
      [t('Type'), typeText(tensor)],
      [t('Quantized'), model === 'float' && tensor.quant === null ? '' : quantText(tensor.quant)],
      [t('In the file'), tensor.fileQuant === null ? '' : quantText(tensor.fileQuant)],
      [t('Stored'), tensor.stored === null ? '' : storedText(tensor.stored)],
      [t('Cosine'), formatCosine(tensor.cosine)],
      [t('SQNR'), formatDb(tensor.sqnrDb)],
      [t('MSE'), tensor.mse === null ? '' : formatNumber(tensor.mse)],
      [t('Clip rate'), formatShare(tensor.clipRate)],
      [t('Saturation'), formatShare(tensor.saturation)],
      ...neighbours(options),
    ]),
    tensor.quant !== null && tensor.quant.scale.length > 1 && channelTable(tensor.quant),
    origin !== null && numbers(origin, dequant),
    h(
      'div',
      { class: 'tensor-links' },
      chart,
      link(t('Open in tensor viewer'), t('Shows the elements of {0}', name), () => actions.openTensor(tensor.valueId)),
      link(t('Copy name'), name, () => void actions.copy(name, name)),
      link(
        t('Copy statistics'),
        t('Copies what is known of {0}, a line for each number', name),
        () => void actions.copy(tsvOf(statisticsOf(tensor)), t('statistics of {0}', name)),
      ),
    ),
  );
}

function roleText({ role, kind }: TensorView): string {
  if (kind === 'Weight') return t('Input · Weight');
  return role === 'Input' ? t('Input · Activation') : t('Output · Activation');
}

/** The nodes at the other end, as links that select them. */
function neighbours({
  tensor,
  graph,
  actions,
  nodeId,
}: TensorCardOptions): (readonly [string, HTMLElement | string])[] {
  const value = graph.valueIndex(tensor.valueId);
  if (value < 0) return [];
  const self = graph.nodeIndex(nodeId);
  const nodeLink = (node: number) =>
    link(graph.handle(node), t('Selects {0}', graph.handle(node)), () =>
      actions.select(graph.nodeId(node), { reveal: true }),
    );
  const producer = graph.producerOf(value);
  const readers = Array.from(graph.consumersOf(value)).filter((node) => node !== self);
  const more = readers.length - MOST_NEIGHBOURS;
  const kind = graph.valueKind(value);
  return [
    producer >= 0 && producer !== self
      ? [t('Made by'), nodeLink(producer)]
      : [t('Made by'), producer === self ? '' : kind === 'input' ? t('an input of the model') : ''],
    [
      tensor.role === 'Output' ? t('Read by') : t('Also read by'),
      readers.length === 0
        ? graph.outputs.includes(tensor.valueId)
          ? t('an output of the model')
          : ''
        : h(
            'span',
            { class: 'neighbours' },
            ...readers.slice(0, MOST_NEIGHBOURS).map(nodeLink),
            more > 0 && t('and {0} more', more),
          ),
    ],
  ];
}

/** Parameters by channel; closed at first. */
function channelTable({ scale, zeroPoint }: NonNullable<TensorView['quant']>): HTMLElement {
  const shown = Math.min(scale.length, MOST_CHANNELS);
  const rows = Array.from({ length: shown }, (_, c) =>
    h(
      'tr',
      {},
      h('th', { attrs: { scope: 'row' } }, String(c)),
      h('td', {}, formatNumber(scale[c] as number)),
      h('td', {}, String(zeroPoint[c] ?? zeroPoint[0] ?? 0)),
    ),
  );
  return h(
    'details',
    { class: 'channel-parameters' },
    h('summary', {}, t('Parameters of {0} channels', scale.length)),
    h(
      'table',
      { class: 'numbers' },
      h(
        'thead',
        {},
        h('tr', {}, ...[t('Channel'), t('Scale'), t('Zero point')].map((x) => h('th', { attrs: { scope: 'col' } }, x))),
      ),
      h('tbody', {}, ...rows),
    ),
    shown < scale.length && h('p', { class: 'hint' }, t('The first {0}; all are in the table of the chart.', shown)),
  );
}

const MOST_CHANNELS = 256;

function numbers(origin: StatsView, dequant: StatsView | null): HTMLElement {
  const cell = (stats: StatsView | null, key: (typeof NUMBERS)[number]) =>
    h('td', {}, stats === null ? '' : numberText(key, stats[key]));
  return h(
    'table',
    { class: 'numbers' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('td', {}),
        ...[t('original'), t('dequantized')].map((x) => h('th', { attrs: { scope: 'col' } }, x)),
      ),
    ),
    h(
      'tbody',
      {},
      ...NUMBERS.map((key) =>
        h('tr', {}, h('th', { attrs: { scope: 'row' } }, numberTitle(key)), cell(origin, key), cell(dequant, key)),
      ),
    ),
  );
}
