import type { GraphTable } from '../../../src/protocol/graphTable.ts';
import type { Links } from './links.ts';
import { type Scoped, ScopeTree } from './scopes.ts';

/** Names may be made to be deep; nobody opens more groups than this to see a node. */
const MAX_DEPTH = 16;

/** Counters of exporters: Paddle2ONNX, and ONNX Runtime's tools for values without a name. */
const MEANINGLESS = /^(p2o\.|_v_\d)/;
/** What ONNX Runtime puts before the name of a weight into which it fused a batch normalization. */
const FUSED = /^ConvBnFusion_(W|BN_B)_/;

/**
 * The scopes that names speak of: `/layer1/conv1/Conv` and `features.3.conv.0` as exporters write nodes,
 * `block_1_expand` as layers are called in Keras and MXNet. A node whose own name says nothing may have an output whose
 * name does (`fire2/squeeze1x1_1`), or own a node that has one.
 */
export function scopesFromNames(table: GraphTable, { owner }: Links): Scoped {
  return scopesBy(table, owner, (node, reader) => {
    const own = reader.scopeOf(table.nodeName(node));
    if (own >= 0) return own;
    for (const value of table.outputsOf(node)) {
      const name = table.valueName(value);
      // Names of values such as `query.1` only count.
      const scope = name.includes('/') ? reader.scopeOf(name) : -1;
      if (scope >= 0) return scope;
    }
    return -1;
  });
}

/** The scopes of which nodes hold weights: `h.3.mlp.c_fc.weight` lies in `h.3.mlp.c_fc`. Most nodes have no weights. */
export function scopesFromWeights(table: GraphTable, { owner }: Links): Scoped {
  return scopesBy(table, owner, (node, reader) => {
    for (const value of table.inputsOf(node)) {
      if (value < 0 || table.valueKind(value) !== 'constant' || table.consumersOf(value).length > 1) continue;
      const scope = reader.scopeOf(table.valueName(value));
      if (scope >= 0) return scope;
    }
    return -1;
  });
}

function scopesBy(
  table: GraphTable,
  owner: Int32Array,
  scopeOfNode: (node: number, reader: PathReader) => number,
): Scoped {
  const reader = new PathReader();
  const scopeOf = new Int32Array(table.nodeCount).fill(-1);
  for (let node = 0; node < table.nodeCount; node++) {
    const scope = scopeOfNode(node, reader);
    const of = owner[node] as number;
    if (scope >= 0 && (of === node || scopeOf[of] === -1)) scopeOf[of] = scope;
  }
  return { tree: reader.tree, scopeOf };
}

/** Reads names into a tree; what stands before the last part of a name is looked up once. */
class PathReader {
  readonly tree = new ScopeTree();
  readonly #known = new Map<string, number>();

  /** The scope of what is called `text`, -1 where it speaks of none. */
  scopeOf(text: string): number {
    const name = text.replace(FUSED, '');
    if (MEANINGLESS.test(name)) return -1;
    const slash = name.lastIndexOf('/');
    if (slash > 0) return this.#at(name.slice(0, slash), '/');
    const dot = name.lastIndexOf('.');
    if (dot > 0 && /\.\d+\.|\..*\./.test(name)) return this.#at(name.slice(0, dot), '.');
    const layer = numberedPrefix(name);
    return layer === '' ? -1 : this.#at(layer, '/');
  }

  #at(path: string, separator: '/' | '.'): number {
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf(separator);
    const last = path.slice(cut + 1);
    const prefix = numberedPrefix(last);
    const around = cut < 0 ? prefix : prefix === '' ? path.slice(0, cut) : path.slice(0, cut + 1) + prefix;
    const parent = around === '' ? -1 : this.#at(around, separator);
    const scope =
      last === '' || this.tree.depthOf(parent) + 1 >= MAX_DEPTH
        ? parent
        : this.tree.add(parent, this.#label(parent, last, separator));
    this.#known.set(path, scope);
    return scope;
  }

  /** A bare number says nothing without what it counts. */
  #label(parent: number, last: string, separator: string): string {
    return parent >= 0 && /^\d+$/.test(last) ? `${this.tree.label[parent]}${separator}${last}` : last;
  }
}

/**
 * The layer that a name with underscores belongs to: `block_1` of `block_1_expand`, `conv2_block1` of
 * `conv2_block1_add`; '' for `conv2d_1` and for names made of operators, `Conv_305_quant`.
 */
export function numberedPrefix(name: string): string {
  if (!/^[a-z]/.test(name)) return '';
  const tokens = name.split('_');
  let end = 0;
  for (let i = 0; i + 1 < tokens.length; i++) {
    const token = tokens[i] as string;
    const isNumbered = /^[A-Za-z]*\d+[a-z]?$/.test(token) && !/\d[dD]$/.test(token);
    if (isNumbered && tokens.slice(i + 1).some((t) => /[A-Za-z]/.test(t))) end = i + 1;
  }
  return tokens.slice(0, end).join('_');
}
