import { describe, expect, it } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import { metricInfo } from '../../src/protocol/metrics.ts';
import type { NodeFigures } from '../../src/protocol/views.ts';
import { cellText, nodeColumns } from '../../webview/panels/columns.ts';
import type { Column } from '../../webview/panels/grid/column.ts';
import { toCsv, toTsv } from '../../webview/panels/grid/delimited.ts';
import { RowSelection } from '../../webview/panels/grid/selection.ts';
import { compareNatural, sortRows } from '../../webview/panels/grid/sortRows.ts';
import { nextSorts } from '../../webview/panels/grid/tablePanel.ts';
import { areTableViews, FIRST_VIEWS } from '../../webview/panels/grid/tableView.ts';
import { TypeAhead } from '../../webview/panels/grid/typeAhead.ts';
import { findHits } from '../../webview/panels/searchHits.ts';
import { tensorColumns, tensorFields, tensorFigures } from '../../webview/panels/tensorColumns.ts';
import { rowOf, TensorRows, tensorRefs } from '../../webview/panels/tensorRows.ts';
import { FieldSet, METRIC_FIELDS } from '../../webview/query/fields.ts';
import { findRows } from '../../webview/query/find.ts';
import { NodeRows, ValueRows } from '../../webview/query/graphRows.ts';
import { NodeGroups } from '../../webview/query/nodeGroups.ts';
import { parseQuery } from '../../webview/query/parse.ts';
import { mobileNet, runOf } from './fixtures.ts';
import { tensorTableOf } from './tableFixtures.ts';

const groups = new NodeGroups(new GraphTable(encodeGraph(mobileNet())), null);
const LIVE = new AbortController().signal;
const graph = mobileNet();
const table = new GraphTable(encodeGraph(graph));
const run = runOf(graph);
const figures = new Map<number, NodeFigures>(run.nodes.map((f) => [table.nodeIndex(f.nodeId), f]));

function column(id: string, values: readonly (number | string)[], more: Partial<Column> = {}): Column {
  return {
    id,
    header: id,
    doc: `${id}.`,
    width: 100,
    shown: true,
    field: null,
    kind: typeof values[0] === 'number' ? 'number' : 'text',
    worstIsHigh: false,
    text: (row) => String(values[row]),
    value: (row) => values[row] as number | string,
    ...more,
  };
}

const rowsOf = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

describe('sorting', () => {
  const scores = column('score', [3, Number.NaN, 1, Number.POSITIVE_INFINITY, 3, 1]);
  const names = column('name', ['b', 'a', '', 'c2', 'c10', 'B']);
  const sorted = async (sorts: readonly { column: string; descending: boolean }[]) =>
    Array.from((await sortRows(rowsOf(6), sorts, [scores, names], LIVE)) ?? []);

  it('keeps the order of the file among equals, and what is missing last in either direction', async () => {
    expect(await sorted([{ column: 'score', descending: false }])).toEqual([2, 5, 0, 4, 3, 1]);
    expect(await sorted([{ column: 'score', descending: true }])).toEqual([3, 0, 4, 2, 5, 1]);
    expect(await sorted([{ column: 'name', descending: false }])).toEqual([1, 5, 0, 3, 4, 2]);
    expect(await sorted([{ column: 'name', descending: true }])).toEqual([4, 3, 0, 5, 1, 2]);
  });

  it('sorts by several columns, the first one first', async () => {
    const by = (descending: boolean) => [
      { column: 'score', descending: false },
      { column: 'name', descending },
    ];
    expect(await sorted(by(false))).toEqual([5, 2, 0, 4, 3, 1]);
    expect(await sorted(by(true))).toEqual([5, 2, 4, 0, 3, 1]);
  });

  it('leaves rows alone without a sort, or by a column that is not there', async () => {
    expect(await sorted([])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await sorted([{ column: 'gone', descending: true }])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await sortRows(new Int32Array(0), [{ column: 'score', descending: true }], [scores], LIVE)).toHaveLength(0);
  });

  it('ends without a result when it is aborted', async () => {
    const stop = new AbortController();
    stop.abort();
    const many = column(
      'n',
      Array.from({ length: 2000 }, (_, i) => -i),
    );
    expect(await sortRows(rowsOf(2000), [{ column: 'n', descending: false }], [many], stop.signal)).toBeNull();
  });

  it('agrees with the sort of the language on many rows', async () => {
    const values = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 1013);
    const ordered = await sortRows(rowsOf(5000), [{ column: 'v', descending: false }], [column('v', values)], LIVE);
    const expected = [...values.keys()].sort((a, b) => values[a]! - values[b]! || a - b);
    expect(Array.from(ordered ?? [])).toEqual(expected);
  });

  it('compares numbers in names by size, however long, and letters without case', () => {
    const names = ['conv10', 'conv2', 'Conv1', 'conv', 'conv02b', '9007199254740993', '9007199254740992'];
    expect(names.sort(compareNatural)).toEqual([
      '9007199254740992',
      '9007199254740993',
      'conv',
      'Conv1',
      'conv2',
      'conv02b',
      'conv10',
    ]);
    expect(compareNatural('a', 'a')).toBe(0);
  });

  it('goes with each click from the worse end to the other; with Shift besides, and away again', () => {
    const cosine = column('cos', [1]);
    const clip = column('clip', [1], { worstIsHigh: true });
    const one = nextSorts([], cosine, 'alone');
    expect(one).toEqual([{ column: 'cos', descending: false }]);
    expect(nextSorts(one, cosine, 'alone')).toEqual([{ column: 'cos', descending: true }]);
    const two = nextSorts(one, clip, 'besides');
    expect(two).toEqual([...one, { column: 'clip', descending: true }]);
    const turned = nextSorts(two, clip, 'besides');
    expect(turned[1]).toEqual({ column: 'clip', descending: false });
    expect(nextSorts(turned, clip, 'besides')).toEqual(one);
    expect(nextSorts(two, clip, 'alone')).toEqual([{ column: 'clip', descending: true }]);
  });
});

describe('rows as text', () => {
  const columns = [
    column('name', ['plain', 'a,"b"', 'two\nlines', 'tab\there']),
    column('n', [0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  ];

  it('are CSV with quotes where they are needed, numbers with all their digits', () => {
    expect(toCsv(columns, [0, 1, 2, 3])).toBe(
      'name,n\r\nplain,0.1\r\n"a,""b""",\r\n"two\nlines",inf\r\ntab\there,-inf\r\n',
    );
    expect(toCsv(columns, [])).toBe('name,n\r\n');
  });

  it('are columns between tabs for spreadsheets', () => {
    expect(toTsv(columns, [2, 3])).toBe('name\tn\r\ntwo lines\tinf\r\ntab here\t-inf\r\n');
  });
});

describe('a selection of rows', () => {
  const order = Int32Array.from([5, 3, 9, 1]);

  it('is one row, a range from the last one, or single rows', () => {
    const selection = new RowSelection();
    selection.only(3);
    selection.extend(order, 1);
    expect(Array.from(selection.inOrder(order))).toEqual([3, 9, 1]);
    selection.extend(order, 5);
    expect(Array.from(selection.inOrder(order))).toEqual([5, 3]);
    selection.toggle(1);
    selection.toggle(5);
    expect(Array.from(selection.inOrder(order))).toEqual([3, 1]);
    selection.all(order);
    expect(selection.size).toBe(4);
    expect(Array.from(selection.inOrder(Int32Array.from([1, 7])))).toEqual([1]);
  });

  it('begins anew where its first row is filtered out', () => {
    const selection = new RowSelection();
    selection.only(7);
    selection.extend(order, 9);
    expect(Array.from(selection.inOrder(order))).toEqual([9]);
  });
});

describe('typing ahead', () => {
  const names = ['/a/relu', '/a/conv1', 'reshape', '/b/conv2'];
  const find = (ahead: TypeAhead, key: string, at: number) => ahead.find(key, rowsOf(4), at, (row) => names[row]!);

  it('goes to the next name that begins so, or whose last part does', () => {
    expect(find(new TypeAhead(), 'c', 0)).toBe(1);
    expect(find(new TypeAhead(), 'c', 1)).toBe(3);
    expect(find(new TypeAhead(), 'c', 3)).toBe(1);
    expect(find(new TypeAhead(), 'z', 0)).toBe(-1);
  });

  it('takes further letters to the first', () => {
    const ahead = new TypeAhead();
    expect(find(ahead, 'r', 3)).toBe(0);
    expect(find(ahead, 'e', 0)).toBe(0);
    expect(find(ahead, 's', 0)).toBe(2);
  });
});

describe('the columns', () => {
  const nodes = nodeColumns({
    table: () => table,
    figuresOf: (node) => figures.get(node),
    metric: (id) =>
      id === 'cosine' ? Float64Array.from(graph.nodes, (_, i) => (i === 0 ? 0.5 : Number.NaN)) : undefined,
    levelOf: () => 4,
    format: (id, value) => metricInfo(id).format(value),
    groupOf: () => '',
    isPending: (node) => node === 1,
  });
  const refs = tensorRefs(table);
  const tensors = tensorColumns({
    graph: () => table,
    refs: () => refs,
    figures: () => tensorTableOf(graph, run, 'worst'),
    dtypeOf: () => 'float32',
  });

  it.each([
    ['nodes', nodes],
    ['tensors', tensors],
  ])('of %s have a heading, a sentence, an id of their own and a text for every row', (_, columns) => {
    expect(new Set(columns.map((c) => c.id)).size).toBe(columns.length);
    for (const c of columns) {
      expect(c.header).not.toBe('');
      expect(c.doc, c.id).toMatch(/\.$/);
      for (const row of [0, 1, 5]) expect(typeof c.text(row)).toBe('string');
    }
  });

  it('ask by fields that there are', () => {
    const nodeFields = new FieldSet(METRIC_FIELDS);
    for (const c of nodes) if (c.field !== null) expect(nodeFields.find(c.field)?.name, c.id).toBe(c.field);
    const fields = new FieldSet(tensorFields());
    for (const c of tensors) if (c.field !== null) expect(fields.find(c.field)?.name, c.id).toBe(c.field);
  });

  it('show what was measured with its band, and nothing where it was not', () => {
    const cosine = nodes.find((c) => c.id === 'cosine')!;
    expect([cosine.text(0), cosine.level?.(0)]).toEqual(['0.5000', 4]);
    expect([cosine.text(1), cosine.level?.(1), cosine.value(1)]).toEqual(['', null, Number.NaN]);
    expect(nodes.find((c) => c.id === 'form')!.text(1)).toBe('…');
    expect(cellText(Number.POSITIVE_INFINITY, String)).toBe('∞');
    expect(cellText(Number.NEGATIVE_INFINITY, String)).toBe('−∞');
  });
});

describe('tensors of nodes', () => {
  const refs = tensorRefs(table);
  const list = tensorTableOf(graph, run, 'worst');
  const byShort = new Map(tensorFigures().map(({ short, of }) => [short, of]));
  const rows = new TensorRows({
    table,
    refs,
    groups,
    figuresOf: (n) => figures.get(n),
    figures: list,
    columns: byShort,
  });
  const FIELDS = new FieldSet(tensorFields());
  const found = async (text: string) => {
    const { expression, problems } = parseQuery(text, FIELDS);
    expect(problems).toEqual([]);
    return Array.from((await findRows(rows, expression, LIVE))!.rows);
  };

  it('are rows in the order of the figures: of each node its inputs, then its outputs', () => {
    expect(rows.count).toBe(list.rows);
    graph.nodes.forEach((node, i) => {
      const given = node.inputs.filter((id) => id !== null);
      const at = refs.first[i] as number;
      const ids = Array.from(refs.value.subarray(at, refs.first[i + 1]), (v) => table.valueId(v));
      expect(ids).toEqual([...given, ...node.outputs]);
    });
  });

  it('have a row for each tensor of a node, and one for the node', () => {
    const [node] = graph.nodes.filter((n) => n.opType === 'Add');
    const index = table.nodeIndex(node!.id);
    const [first, second] = node!.inputs;
    expect(rowOf(refs, index, table.valueIndex(second!))).toBe(refs.first[index]! + 1);
    expect(rowOf(refs, index, table.valueIndex(first!))).toBe(refs.first[index]!);
    expect(rowOf(refs, index, -1)).toBe(refs.first[index]! + 2); // its output
    expect(rowOf(refs, -1, 0)).toBe(-1);
  });

  it('are found as the advice for reading reports wants them', async () => {
    const outputs = await found('role:output cos:<0.99');
    expect(outputs.length).toBeGreaterThan(0);
    for (const row of outputs) {
      expect(refs.isOutput[row]).toBe(1);
      expect(list.pair.cosine[row]).toBeLessThan(0.99);
    }
    const weights = await found('kind:weight op:Conv');
    for (const row of weights) expect(table.valueKind(refs.value[row]!)).toBe('constant');
    expect(weights.length).toBeGreaterThan(50);
  });

  it('are found by figures of either side, scales and the type of their codes', async () => {
    expect(await found('max:>8')).toEqual(Array.from(refs.value.keys()).filter((row) => list.origin.max[row]! > 8));
    expect(await found('dmin:<-5')).toEqual(Array.from(refs.value.keys()).filter((r) => list.dequant.min[r]! < -5));
    expect((await found('dtype:int8')).length).toBe(list.codeType.filter((t) => t === 1).length);
    expect((await found('scale:none')).length + (await found('scale:any')).length).toBe(rows.count);
  });
});

describe('hits of a search', () => {
  const nodes = new NodeRows({ table, metrics: { column: () => undefined }, figuresOf: (n) => figures.get(n), groups });
  const values = new ValueRows(table);
  const FIELDS = new FieldSet(METRIC_FIELDS);
  const hits = (text: string) => findHits(table, { nodes, values }, parseQuery(text, FIELDS).expression, LIVE);
  const labels = async (text: string) => {
    const found = (await hits(text))!;
    return Array.from(found.ref, (ref, i) =>
      found.isTensor[i] ? `tensor ${table.valueName(ref)}` : table.handle(ref),
    );
  };

  it('are nodes before tensors that fit as well', async () => {
    expect((await labels('features.7'))[0]).toBe('/features/features.7/conv/conv.0/conv.0.0/Conv');
    expect((await labels('gemm'))[0]).toBe('/classifier/classifier.1/Gemm');
    expect((await labels('features.3 add'))[0]).toBe('/features/features.3/Add');
  });

  it('lead from a weight to the node that reads it', async () => {
    const found = (await hits('tensor:classifier.1.weight'))!;
    const weight = Array.from(found.isTensor).indexOf(1);
    expect(table.handle(found.node[weight]!)).toBe('/classifier/classifier.1/Gemm');
  });

  it('are nodes alone where only these have what is asked', async () => {
    const found = (await hits('op:Conv'))!;
    expect(found.count).toBe(graph.nodes.filter((n) => n.opType === 'Conv').length);
    expect(found.isTensor.some((t) => t === 1)).toBe(false);
    expect((await hits('form:skipped'))!.count).toBe(run.nodes.filter((n) => n.form === 'skipped').length);
  });
});

describe('how tables looked', () => {
  it('is taken back when it can be read, and only then', () => {
    const { nodes, tensors } = FIRST_VIEWS;
    expect(areTableViews(JSON.parse(JSON.stringify(FIRST_VIEWS)))).toBe(true);
    expect(areTableViews({ nodes: { ...nodes, widths: { handle: 300 }, shown: { form: false } }, tensors })).toBe(true);
    const wrong: unknown[] = [
      null,
      {},
      { nodes },
      { nodes, tensors: { ...tensors, filter: 1 } },
      { nodes, tensors: { ...tensors, sorts: [{ column: 'a' }] } },
      { nodes, tensors: { ...tensors, widths: { handle: 3 } } },
      { nodes, tensors: { ...tensors, shown: { form: 'yes' } } },
    ];
    for (const saved of wrong) expect(areTableViews(saved), JSON.stringify(saved)).toBe(false);
  });
});
