import { describe, expect, it } from 'vitest';
import { encodeGraph } from '../../src/protocol/encodeGraph.ts';
import { GraphTable } from '../../src/protocol/graphTable.ts';
import type { GraphView, NodeFigures } from '../../src/protocol/views.ts';
import type { Query } from '../../webview/query/expression.ts';
import { FieldSet, METRIC_FIELDS } from '../../webview/query/fields.ts';
import { bestFirst, findRows } from '../../webview/query/find.ts';
import { NodeRows, ValueRows } from '../../webview/query/graphRows.ts';
import { marksIn, patternsFor } from '../../webview/query/marks.ts';
import { NodeGroups } from '../../webview/query/nodeGroups.ts';
import { parseQuery } from '../../webview/query/parse.ts';

const FIELDS = new FieldSet(METRIC_FIELDS);
const parse = (text: string): Query => parseQuery(text, FIELDS);
const CONVS = ['/layer1/conv1/Conv', '/layer1/conv2/Conv', 'conv', 'onnx::Conv_7'];
const problemsOf = (text: string) => parse(text).problems;

describe('a query', () => {
  it('finds every word, wherever it stands', async () => {
    expect(await found('conv')).toEqual(CONVS);
    expect(await found('conv v2')).toEqual(['/layer1/conv2/Conv']);
    expect(await found('Conv RELU')).toEqual([]);
    expect(await found('')).toHaveLength(7);
  });

  it('takes quoted text as one', async () => {
    expect(await found('"a b"')).toEqual(['a b c']);
    expect(await found('"b a"')).toEqual([]);
    expect(await found('embed a')).toEqual(['a b c']);
  });

  it('takes /regex/ and /regex/i, and names that begin with a slash as names', async () => {
    expect(await found('/conv\\d\\/Conv$/')).toEqual(['/layer1/conv1/Conv', '/layer1/conv2/Conv']);
    expect(await found('/^CONV$/')).toEqual([]);
    expect(await found('/^CONV$/i')).toEqual(CONVS);
    expect(await found('/layer1/conv1')).toEqual(['/layer1/conv1/Conv']);
    expect(await found('name:/^.layer1.relu/')).toEqual(['/layer1/relu/Relu']);
    expect(parse('/layer1/conv1/Conv').problems).toEqual([]);
  });

  it('leaves out what stands behind a minus', async () => {
    expect(await found('layer1 -relu')).toEqual(['/layer1/conv1/Conv', '/layer1/conv2/Conv']);
    expect(await found('-op:Conv -op:Gemm')).toEqual(['/layer1/relu/Relu', 'a b c']);
    expect(await found('-(op:Conv or op:Gemm)')).toEqual(['/layer1/relu/Relu', 'a b c']);
  });

  it('takes either side of an or, and any of the values between commas', async () => {
    const either = ['/layer1/relu/Relu', 'fc'];
    expect(await found('op:Relu or op:Gemm')).toEqual(either);
    expect(await found('op:Relu,Gemm')).toEqual(either);
    expect(await found('op:(Relu or Gemm)')).toEqual([]);
    expect(await found('op:Relu layer1 OR fc')).toEqual(either);
    expect(await found('layer1 (op:Relu | v2)')).toEqual(['/layer1/conv2/Conv', '/layer1/relu/Relu']);
  });

  it('takes an operator as a whole, whatever its case, with stars for the rest', async () => {
    expect(await found('op:con')).toEqual([]);
    expect(await found('op:c*')).toEqual(CONVS);
    expect(await found('domain:com.*')).toEqual(['a b c']);
  });

  it('finds nodes by tensor, group, element type and support', async () => {
    expect(await found('tensor:logits')).toEqual(['fc']);
    expect(await found('group:layer1/conv1')).toEqual(['/layer1/conv1/Conv']);
    expect(await found('dtype:int64')).toEqual(['a b c']);
    expect(await found('supported:no')).toEqual(['a b c']);
  });

  it('finds attributes by name, by value and by number', async () => {
    expect(await found('attr:kernel_shape')).toEqual(['/layer1/conv1/Conv', '/layer1/conv2/Conv']);
    expect(await found('attr:kernel_shape=3')).toEqual(['/layer1/conv1/Conv', '/layer1/conv2/Conv']);
    expect(await found('attr:kernel_shape=3x5')).toEqual(['/layer1/conv2/Conv']);
    expect(await found('attr:group>1')).toEqual(['/layer1/conv2/Conv']);
    expect(await found('attr:group!=1')).toEqual(['/layer1/conv2/Conv']);
    expect(await found('attr:auto_pad=same*')).toEqual(['conv']);
    expect(await found('SAME_UPPER')).toEqual(['conv']);
  });

  it('finds shapes with stars, symbols, comparisons and any number of dimensions', async () => {
    expect(await found('shape:1x3x224x224')).toEqual(['/layer1/conv1/Conv']);
    expect(await found('shape:*x64x*x*')).toEqual(['/layer1/conv1/Conv', '/layer1/conv2/Conv', '/layer1/relu/Relu']);
    expect(await found('shape:1x64x..')).toEqual(['/layer1/conv1/Conv', '/layer1/conv2/Conv', '/layer1/relu/Relu']);
    expect(await found('shape:..x1000')).toEqual(['fc']);
    expect(await found('shape:batchx1000')).toEqual(['fc']);
    expect(await found('shape:max_len×*')).toEqual(['a b c']);
    expect(await found('shape:*x>999')).toEqual(['fc']);
    expect(await found('shape:scalar')).toEqual(['conv']);
    expect(await found('shape:..')).toHaveLength(6); // one node has shapes of unknown rank only
  });

  it('compares figures, and never finds what was not measured by a comparison', async () => {
    expect(await found('cos:<0.99')).toEqual(['/layer1/conv1/Conv']);
    expect(await found('cos<0.99')).toEqual(['/layer1/conv1/Conv']);
    expect(await found('cos: < 0.99')).toEqual(['/layer1/conv1/Conv']);
    expect(await found('cosine:>=0.99')).toEqual(['/layer1/relu/Relu', 'conv']);
    expect(await found('cos:0.9..0.991')).toEqual(['/layer1/conv1/Conv', '/layer1/relu/Relu']);
    expect(await found('cos:0.98')).toEqual(['/layer1/conv1/Conv']); // 0.9766 is written 0.98
    expect(await found('cos:=1')).toEqual(['conv']);
    expect(await found('cos:none')).toHaveLength(4);
    expect(await found('cos:any')).toHaveLength(3);
    expect(await found('clip:>1%')).toEqual(['conv']);
    expect(await found('bytes:>1MB,<2B')).toEqual(['/layer1/relu/Relu', 'conv']);
    expect(await found('macs:>=1M')).toEqual(['/layer1/conv1/Conv']);
    expect(await found('sqnr:inf')).toEqual(['conv']);
    expect(await found('op:Conv cos:<0.99 -name:conv2')).toEqual(['/layer1/conv1/Conv']);
  });

  it('knows how a node ran once there is a run', async () => {
    expect(await found('form:integer')).toEqual(['/layer1/conv1/Conv']);
    expect(await found('skipped:yes')).toEqual(['fc']);
    expect(await found('why:"has a rule"')).toEqual(['/layer1/conv1/Conv']);
  });

  it('ranks a whole name before its beginning, a part and the middle, attributes last', async () => {
    const graph = graphOf(['xrelu', 'a_relu', 'relu2', 'relu', 'z'].map((handle) => ({ handle })));
    graph.nodes[4]!.attributes = [{ name: 'fused', value: 'relu' }];
    const rows = nodeRows(new GraphTable(encodeGraph(graph as unknown as GraphView)));
    const hits = await findRows(rows, parse('relu').expression, new AbortController().signal);
    const best = Array.from(bestFirst(hits!), (i) => graph.nodes[hits!.rows[i] as number]?.handle);
    expect(best).toEqual(['relu', 'relu2', 'a_relu', 'xrelu', 'z']);
  });
});

describe('the problems of a query', () => {
  it('stand where they are, with what was meant', () => {
    expect(problemsOf('conv sqr:<20')).toEqual([
      { start: 5, end: 9, message: 'sqr: is not a field; did you mean sqnr:?', fix: 'sqnr:' },
    ]);
    expect(problemsOf('cos:<0.99 zebra:1')).toEqual([
      { start: 10, end: 16, message: 'zebra: is not a field; it is looked for as text', fix: null },
    ]);
  });

  it('leave the rest of the query as it is', async () => {
    expect(await found('op:Relu cos:')).toEqual(['/layer1/relu/Relu']);
    expect(await found('op:Relu cos:<')).toEqual(['/layer1/relu/Relu']);
    expect(parse('cos:<').isEmpty).toBe(true);
    expect(await found('op:Relu sqr:<20')).toEqual(['/layer1/relu/Relu']);
    expect(await found('op:Relu sqr:"a b"')).toEqual(['/layer1/relu/Relu']);
    expect(await found('zebra:1')).toEqual([]); // nothing is like it, so it may be a name
  });

  it('tell of values that cannot be read', () => {
    const messages = (text: string) => problemsOf(text).map((p) => p.message);
    expect(messages('cos:')).toEqual(['cos: needs a value, as in cos:<0.9900']);
    expect(messages('cos:<')).toEqual(['cos: needs a number, as in cos:<0.9900']);
    expect(messages('cos:<abc')).toEqual(['cos: cannot read “abc” as a number; write it as in cos:<0.9900']);
    expect(messages('clip:>1MB')).toEqual(['clip: cannot read “1MB” as a number; write it as in clip:>0.1%']);
    expect(messages('shape:1x*y')).toEqual(['shape: cannot read “1x*y”; write it as in 1x3x*x..']);
    expect(messages('shape:1x')).toEqual(['shape: cannot read “1x”; write it as in 1x3x*x..']);
    expect(messages('attr:=3')).toEqual(['attr: needs a name, as in attr:kernel_shape=3']);
    expect(messages('attr:group>x')).toEqual(['attr: needs a number behind >']);
    expect(messages('cos:"a"')).toEqual(['cos: takes no quoted text and no regular expression']);
    expect(messages('(conv')).toEqual(['This bracket is not closed']);
    expect(messages('"conv')).toEqual(['This quotation is not closed']);
    expect(messages('/[/')[0]).toMatch(/^Not a regular expression: /);
  });

  it('are never thrown, whatever is typed', async () => {
    const pieces = [
      'op:',
      '-',
      '(',
      ')',
      '"',
      '/',
      'or',
      ' ',
      'cos:',
      '<',
      '0.9',
      ',',
      'attr:',
      '=',
      '*',
      '..',
      'x',
      ':',
      '\\',
      '[',
    ];
    let state = 7;
    const next = () => {
      state = (state * 1103515245 + 12345) & 0x7fffffff;
      return pieces[(state >> 8) % pieces.length] as string;
    };
    for (let i = 0; i < 3000; i++) {
      const text = Array.from({ length: 1 + (i % 9) }, next).join('');
      const query = parse(text);
      for (const { start, end } of query.problems) {
        expect(start, text).toBeGreaterThanOrEqual(0);
        expect(end, text).toBeLessThanOrEqual(text.length);
      }
      if (i % 20 === 0) await found(text);
    }
  });

  it('leave names with colons alone', async () => {
    expect(await found('onnx::Conv_7')).toEqual(['onnx::Conv_7']);
    expect(problemsOf('onnx::Conv_7')).toEqual([]);
  });
});

describe('tensors', () => {
  const rows = new ValueRows(table());
  const names = async (text: string) => {
    const hits = await findRows(rows, parse(text).expression, new AbortController().signal);
    return Array.from(hits!.rows, (row) => table().valueName(row));
  };

  it('are found by name, shape, element type and kind', async () => {
    expect(await names('image')).toEqual(['image']);
    expect(await names('1x3x224')).toEqual(['image']);
    expect(await names('shape:*x1000')).toEqual(['logits']);
    expect(await names('dtype:int64')).toEqual(['ids']);
    expect(await names('kind:weight')).toEqual(['fc.weight']);
  });

  it('have no operator', async () => {
    expect(await names('op:Conv')).toEqual([]);
    expect(rows.textsOf('op')).toBeUndefined();
  });
});

describe('searching', () => {
  it('ends without a result when it is aborted', async () => {
    const stop = new AbortController();
    stop.abort();
    expect(await findRows(nodeRows(table()), parse('conv').expression, stop.signal)).toBeNull();
  });

  it('lets others work in between, however large the model is', async () => {
    const count = 50_000;
    const graph = graphOf(
      Array.from({ length: count }, (_, i) => ({ handle: `/encoder/layer.${i}/dense/MatMul_${i}` })),
    );
    const rows = nodeRows(new GraphTable(encodeGraph(graph as unknown as GraphView)));
    const gaps: number[] = [];
    let last = performance.now();
    const watch = setInterval(() => {
      gaps.push(performance.now() - last);
      last = performance.now();
    });
    const hits = await findRows(rows, parse('dense 49999').expression, new AbortController().signal);
    clearInterval(watch);
    expect(hits?.rows).toEqual(Int32Array.of(49_999));
    expect(gaps.length).toBeGreaterThan(1); // it paused: one long turn would let no timer through
  });
});

describe('marks', () => {
  it('cover what words and name fields match, joined where they touch', () => {
    const { expression } = parse('conv layer name:v1 -relu cos:<1');
    expect(marksIn('/layer1/conv1/Conv', patternsFor(expression, ['name']))).toEqual([
      [1, 6],
      [8, 13],
      [14, 18],
    ]);
    expect(marksIn('Relu', patternsFor(expression, ['name']))).toEqual([]);
  });

  it('follow regular expressions, also ones that match nothing', () => {
    expect(marksIn('a1b22', patternsFor(parse('/\\d+/').expression, []))).toEqual([
      [1, 2],
      [3, 5],
    ]);
    expect(marksIn('abc', patternsFor(parse('/x*/').expression, []))).toEqual([]);
  });
});

async function found(text: string): Promise<string[]> {
  const graph = table();
  const hits = await findRows(nodeRows(graph), parse(text).expression, new AbortController().signal);
  return Array.from(hits!.rows, (row) => graph.handle(row));
}

const NAN = Number.NaN;
const COLUMNS: Readonly<Record<string, readonly number[]>> = {
  cos: [0.9766, NAN, 0.99, 1, NAN, NAN, NAN],
  sqnr: [13, NAN, 17, Number.POSITIVE_INFINITY, NAN, NAN, NAN],
  clip: [0, NAN, 0.01, 0.011, NAN, NAN, NAN],
  bytes: [1000, 1000, 0, 2 ** 21, 1000, 1000, 1000],
  macs: [1e6, 999_999, 0, 0, 0, 0, 0],
};

function nodeRows(graph: GraphTable): NodeRows {
  return new NodeRows({
    table: graph,
    metrics: { column: (name) => (COLUMNS[name] === undefined ? undefined : Float64Array.from(COLUMNS[name])) },
    figuresOf: (node) => FIGURES[node],
    groups: new NodeGroups(graph, null),
  });
}

const FIGURES: Readonly<Record<number, NodeFigures>> = {
  0: figures({ form: 'integer', skipped: false, why: 'Conv has a rule' }),
  5: figures({ form: 'skipped', skipped: true, why: 'skip_quant_node names it' }),
};

function figures(some: Pick<NodeFigures, 'form' | 'skipped' | 'why'>): NodeFigures {
  return {
    nodeId: 0,
    handle: '',
    opType: '',
    quantized: !some.skipped,
    precision: null,
    canSkip: true,
    cosine: null,
    sqnrDb: null,
    localSqnrDb: null,
    clipRate: null,
    sensitivity: null,
    ...some,
  };
}

function table(): GraphTable {
  const graph = graphOf([
    { handle: '/layer1/conv1/Conv', opType: 'Conv', inputs: [0], outputs: [1] },
    { handle: '/layer1/conv2/Conv', opType: 'Conv', inputs: [1], outputs: [2] },
    { handle: '/layer1/relu/Relu', opType: 'Relu', inputs: [2], outputs: [3] },
    { handle: 'conv', opType: 'Conv', inputs: [], outputs: [7] },
    { handle: 'onnx::Conv_7', opType: 'Conv', inputs: [], outputs: [8] },
    { handle: 'fc', opType: 'Gemm', inputs: [4], outputs: [5] },
    { handle: 'a b c', opType: 'Embed', domain: 'com.microsoft', supported: false, inputs: [6], outputs: [] },
  ]);
  graph.nodes[0]!.attributes = [
    { name: 'kernel_shape', value: '[3, 3]' },
    { name: 'group', value: '1' },
  ];
  graph.nodes[1]!.attributes = [
    { name: 'kernel_shape', value: '[3, 5]' },
    { name: 'group', value: '64' },
  ];
  graph.nodes[3]!.attributes = [{ name: 'auto_pad', value: 'SAME_UPPER' }];
  graph.values = [
    value(0, 'image', [1, 3, 224, 224]),
    value(1, 'a', [1, 64, 112, 112]),
    value(2, 'b', [1, 64, 56, 56]),
    value(3, 'c', [1, 64, 56, 56]),
    { ...value(4, 'fc.weight', [1000, 512]), kind: 'constant' },
    value(5, 'logits', ['batch', 1000]),
    { ...value(6, 'ids', ['max_len', 2]), dtype: 'int64' },
    value(7, 's', []),
    value(8, 'unknown', null),
  ];
  return new GraphTable(encodeGraph(graph as unknown as GraphView));
}

function value(id: number, name: string, dims: readonly (number | string)[] | null) {
  return { id, name, kind: 'activation', dtype: 'float32', dims };
}

interface SmallNode {
  readonly handle: string;
  readonly opType?: string;
  readonly domain?: string;
  readonly supported?: boolean;
  readonly inputs?: readonly number[];
  readonly outputs?: readonly number[];
}

function graphOf(nodes: readonly SmallNode[]) {
  return {
    file: 'm.onnx',
    name: 'm',
    opsets: '',
    producer: '',
    inputs: [],
    outputs: [],
    diagnostics: [],
    quantization: null,
    runnable: true,
    values: [] as ReturnType<typeof value>[],
    nodes: nodes.map((node, id) => ({
      id,
      name: node.handle,
      opType: 'X',
      domain: '',
      inputs: [],
      outputs: [],
      supported: true,
      ...node,
      attributes: [] as { name: string; value: string }[],
    })),
  };
}

describe('groups of nodes', () => {
  const groups = [
    { key: 'a', parent: -1, label: 'encoder', block: '', size: 3 },
    { key: 'b', parent: 0, label: 'Attention 2', block: 'Attention', size: 2 },
  ];

  it('are those the graph shows, their blocks, and the folders of names', () => {
    const graph = table();
    const shown = new NodeGroups(graph, { groups, groupOfNode: Int32Array.from([1, 0, -1, -1, -1, -1, -1]) });
    expect(shown.textsOf(0)).toEqual(['layer1', 'layer1/conv1', 'encoder/Attention 2', 'Attention', 'encoder']);
    expect([0, 1, 2, 3].map((node) => shown.pathOf(node))).toEqual([
      'encoder/Attention 2',
      'encoder',
      'layer1/relu',
      '',
    ]);
  });

  it('of another graph are not taken', () => {
    const other = new NodeGroups(table(), { groups, groupOfNode: Int32Array.of(1) });
    expect(other.textsOf(0)).toEqual(['layer1', 'layer1/conv1']);
  });
});
