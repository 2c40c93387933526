import { normalDomain } from './importGraph.ts';
import type { NodeProto } from './proto/schema.ts';
import type { RawAttribute, RawFunction, RawGraph, RawNode } from './readProto.ts';

/** More nodes than this are not made of calls: nested functions multiply. */
const MOST_NODES = 1_000_000;
const DEEPEST = 64;

export interface Expanded {
  readonly graph: RawGraph;
  /** Functions that stay calls, by `domain::name`, with the reason. */
  readonly left: ReadonlyMap<string, string>;
  /** Operator sets that bodies use and the model does not import. */
  readonly opsets: ReadonlyMap<string, number>;
}

/**
 * Puts the bodies of model-local functions in place of their calls. Names inside get the call's in front; references to
 * the function's attributes become the call's attributes, or the function's defaults.
 *
 * @param opsets of the model. A function written for another version of one of them stays a call.
 */
export function expandFunctions(
  graph: RawGraph,
  functions: readonly RawFunction[],
  opsets: ReadonlyMap<string, number>,
): Expanded {
  if (functions.length === 0) return { graph, left: new Map(), opsets: new Map() };
  const expander = new Expander(functions, opsets);
  return { graph: expander.graph(graph, 0), left: expander.left, opsets: expander.opsets };
}

class Expander {
  readonly left = new Map<string, string>();
  readonly opsets = new Map<string, number>();
  readonly #known: ReadonlyMap<string, number>;
  readonly #functions: ReadonlyMap<string, RawFunction>;
  #nodes = 0;
  #calls = 0;

  constructor(functions: readonly RawFunction[], opsets: ReadonlyMap<string, number>) {
    this.#known = opsets;
    this.#functions = new Map(functions.map((f) => [keyOf(f.proto.domain, f.proto.name), f]));
  }

  graph(graph: RawGraph, depth: number): RawGraph {
    const nodes = graph.nodes.flatMap((node) => this.#node(node, depth));
    return nodes.length === graph.nodes.length && nodes.every((n, i) => n === graph.nodes[i])
      ? graph
      : { ...graph, nodes };
  }

  #node(node: RawNode, depth: number): readonly RawNode[] {
    const inside = this.#withExpandedBodies(node, depth);
    const key = keyOf(node.proto.domain, node.proto.opType);
    const called = this.#functions.get(key);
    if (called === undefined) return [inside];
    const why = this.#obstacle(called, depth);
    if (why !== undefined) {
      this.left.set(key, why);
      return [inside];
    }
    this.#import(called);
    return callOf(inside, called, this.#calls++).flatMap((n) => this.#node(n, depth + 1));
  }

  #withExpandedBodies(node: RawNode, depth: number): RawNode {
    if (node.attributes.every((a) => a.graphs.length === 0)) return node;
    const attributes = node.attributes.map((a) => ({ ...a, graphs: a.graphs.map((g) => this.graph(g, depth)) }));
    return { ...node, attributes };
  }

  /** Why a call cannot be replaced by its body. */
  #obstacle(called: RawFunction, depth: number): string | undefined {
    this.#nodes += called.nodes.length;
    if (depth >= DEEPEST) return `its calls are nested more than ${DEEPEST} deep`;
    if (this.#nodes > MOST_NODES) return `its calls would make more than ${MOST_NODES} nodes`;
    for (const { domain, version } of called.proto.opsetImport) {
      const name = normalDomain(domain);
      const known = this.#known.get(name) ?? this.opsets.get(name);
      const isUsed = called.nodes.some((n) => normalDomain(n.proto.domain) === name);
      if (known !== undefined && isUsed && known !== version)
        return `it is written for opset ${version} of ${name || 'ai.onnx'}, the model for ${known}`;
    }
    return undefined;
  }

  #import(called: RawFunction): void {
    for (const { domain, version } of called.proto.opsetImport) {
      const name = normalDomain(domain);
      if (!this.#known.has(name) && !this.opsets.has(name)) this.opsets.set(name, version ?? 0);
    }
  }
}

/** The body of `called` with the names and attributes of one call. */
function callOf({ proto, attributes }: RawNode, called: RawFunction, index: number): readonly RawNode[] {
  const prefix = proto.name === undefined || proto.name === '' ? `${proto.opType ?? 'call'}_${index}` : proto.name;
  const names = new Map<string, string>();
  called.proto.input.forEach((name, i) => {
    names.set(name, proto.input[i] ?? '');
  });
  called.proto.output.forEach((name, i) => {
    const outer = proto.output[i];
    if (outer !== undefined && outer !== '') names.set(name, outer);
  });
  const given = new Map(attributes.map((a) => [a.proto.name ?? '', a]));
  for (const preset of called.defaults) {
    const name = preset.proto.name ?? '';
    if (!given.has(name)) given.set(name, preset);
  }
  const rename = (name: string): string => (name === '' ? '' : (names.get(name) ?? `${prefix}/${name}`));
  return called.nodes.map((node, i) => renamed(node, rename, given, `${prefix}/${node.proto.name || `${i}`}`));
}

function renamed(
  { proto, attributes }: RawNode,
  rename: (name: string) => string,
  given: ReadonlyMap<string, RawAttribute>,
  name: string,
): RawNode {
  const own: NodeProto = { ...proto, name, input: proto.input.map(rename), output: proto.output.map(rename) };
  return { proto: own, attributes: attributes.flatMap((a) => attributeIn(a, rename, given)) };
}

/** An attribute of the body; a reference to one that is neither given nor preset is left out. */
function attributeIn(
  attribute: RawAttribute,
  rename: (name: string) => string,
  given: ReadonlyMap<string, RawAttribute>,
): readonly RawAttribute[] {
  const { name, refAttrName } = attribute.proto;
  if (refAttrName !== undefined && refAttrName !== '') {
    const value = given.get(refAttrName);
    return value === undefined ? [] : [{ ...value, proto: { ...value.proto, name } }];
  }
  if (attribute.graphs.length === 0) return [attribute];
  return [{ ...attribute, graphs: attribute.graphs.map((g) => graphIn(g, rename, given)) }];
}

/** A graph inside the body: its own names stay, those around it are renamed. */
function graphIn(
  graph: RawGraph,
  rename: (name: string) => string,
  given: ReadonlyMap<string, RawAttribute>,
): RawGraph {
  const own = new Set<string>();
  for (const { name } of graph.proto.input) own.add(name ?? '');
  for (const { proto } of graph.initializers) own.add(proto.name ?? '');
  for (const { proto } of graph.nodes) for (const name of proto.output) own.add(name);
  const inner = (name: string): string => (own.has(name) ? name : rename(name));
  const nodes = graph.nodes.map((node) => renamed(node, inner, given, node.proto.name ?? ''));
  const output = graph.proto.output.map((o) => ({ ...o, name: inner(o.name ?? '') }));
  return { ...graph, nodes, proto: { ...graph.proto, output } };
}

function keyOf(domain: string | undefined, name: string | undefined): string {
  return `${normalDomain(domain)}::${name ?? ''}`;
}
