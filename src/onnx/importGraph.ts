import type { Diagnostic, Location } from '../base/diagnostics.ts';
import { GraphBuilder, type Ids } from '../graph/build.ts';
import { assignHandles } from '../graph/handles.ts';
import type { Attribute, Graph, NodeId, TensorSource, ValueId } from '../graph/model.ts';
import { sortNodes } from '../graph/topo.ts';
import { importAttribute } from './attributes.ts';
import {
  conflictingValueInfo,
  cycle,
  danglingInput,
  danglingOutput,
  duplicateConstant,
  duplicateNodeName,
  duplicateValue,
  notSorted,
} from './errors.ts';
import type { RawGraph, RawNode } from './readProto.ts';
import { sparseSourceOf } from './sparse.ts';
import { type TensorContext, tensorSourceOf } from './tensorSource.ts';
import { type DeclaredType, typeOf } from './types.ts';

/** What the graphs of one model share while they are imported. */
export interface ImportContext extends TensorContext {
  readonly file: string;
  readonly ids: Ids;
  /** All handles given so far. */
  readonly handles: Set<string>;
  /** A name for a dimension the file leaves open: `?1`, `?2`, … */
  unknownDim(): string;
  report(diagnostic: Diagnostic): void;
}

/** Names visible from inside a body: its own first, then those of the graphs around it. */
interface Scope {
  readonly names: ReadonlyMap<string, ValueId>;
  readonly outer: Scope | undefined;
}

/**
 * Makes a graph of its raw form: ids instead of names, nodes sorted, constants attached. A graph input that has an
 * initializer is a constant, not an input. Of values defined twice the first counts, except that of Constant nodes the
 * last does, as in ONNX Runtime. What is wrong is reported, never thrown.
 */
export function importGraph(raw: RawGraph, context: ImportContext): Graph {
  return importScoped(raw, context, undefined, '');
}

function importScoped(raw: RawGraph, context: ImportContext, outer: Scope | undefined, prefix: string): Graph {
  const builder = new GraphBuilder(raw.proto.name ?? '', context.ids);
  const names = new Map<string, ValueId>();
  const scope: Scope = { names, outer };
  const types = declaredTypes(raw, context);
  const handles = assignHandles(
    raw.nodes.map(({ proto }) => ({ name: proto.name ?? '', opType: proto.opType ?? '' })),
    prefix,
    context.handles,
  );
  reportRepeatedNames(raw.nodes, handles, context);

  const constants = new Map<string, 'initializer' | 'node'>();
  const define = (name: string, at: Location, constant?: TensorSource): ValueId => {
    const declared = types.get(name);
    const known = constant === undefined ? declared : { dtype: constant.dtype, dims: constant.dims };
    const id = builder.value({ name, ...known, ...(constant && { constant }) });
    const earlier = constants.get(name);
    if (at.opType === 'Constant') constants.set(name, earlier ?? 'node');
    if (!names.has(name)) names.set(name, id);
    else if (earlier === undefined || at.opType !== 'Constant') context.report(duplicateValue(at, name));
    else {
      context.report(duplicateConstant(at, name, earlier));
      if (earlier === 'node') names.set(name, id);
    }
    return id;
  };

  for (const tensor of raw.initializers) {
    const name = tensor.proto.name ?? '';
    const at = { file: context.file, tensor: name };
    define(name, at, tensorSourceOf(tensor, at, context));
    constants.set(name, 'initializer');
  }
  for (const sparse of raw.sparse) {
    const name = sparse.values.proto.name ?? '';
    const at = { file: context.file, tensor: name };
    define(name, at, sparseSourceOf(sparse, at, context));
    constants.set(name, 'initializer');
  }
  for (const { name = '' } of raw.proto.input) {
    if (!constants.has(name)) builder.markInput(define(name, { file: context.file, tensor: name }));
  }
  const places = raw.nodes.map(({ proto }, i) => nodeLocation(context.file, handles[i] as string, proto.opType));
  const outputs = raw.nodes.map(({ proto }, i) =>
    proto.output.map((name) => (name === '' ? undefined : define(name, places[i] as Location))),
  );

  const lookUp = (name: string): ValueId | undefined => {
    for (let s: Scope | undefined = scope; s !== undefined; s = s.outer) {
      const id = s.names.get(name);
      if (id !== undefined) return id;
    }
    return undefined;
  };
  raw.nodes.forEach((node, i) => {
    const at = places[i] as Location;
    const id = context.ids.node();
    const inputs = node.proto.input.map((name) => {
      if (name === '') return undefined;
      const known = lookUp(name);
      if (known !== undefined) return known;
      context.report(danglingInput(at, name));
      return define(name, at);
    });
    const handle = handles[i] as string;
    const importBody = (body: RawGraph): Graph => importScoped(body, context, scope, handle);
    addNode(
      builder,
      node,
      { id, handle, inputs, outputs: outputs[i] ?? [] },
      attributesOf(node, at, context, importBody),
    );
  });
  for (const { name = '' } of raw.proto.output) {
    const at = { file: context.file, tensor: name };
    let id = lookUp(name);
    if (id === undefined) {
      context.report(danglingOutput(at, name));
      id = define(name, at);
    }
    builder.output(id);
  }
  reportOrder(builder, context);
  return builder.build();
}

interface Place {
  readonly id: NodeId;
  readonly handle: string;
  readonly inputs: readonly (ValueId | undefined)[];
  readonly outputs: readonly (ValueId | undefined)[];
}

function addNode(
  builder: GraphBuilder,
  { proto }: RawNode,
  place: Place,
  attributes: ReadonlyMap<string, Attribute>,
): void {
  const { id, handle, inputs, outputs } = place;
  const { name = '', opType = '' } = proto;
  builder.node({ name, handle, opType, domain: normalDomain(proto.domain), inputs, outputs, attributes }, id);
}

function attributesOf(
  node: RawNode,
  at: Location,
  context: ImportContext,
  importBody: (body: RawGraph) => Graph,
): ReadonlyMap<string, Attribute> {
  const attributes = new Map<string, Attribute>();
  for (const raw of node.attributes) {
    const name = raw.proto.name ?? '';
    if (!attributes.has(name)) attributes.set(name, importAttribute(raw, at, context, importBody));
  }
  return attributes;
}

/** `ai.onnx` is the long name of the default domain. */
export function normalDomain(domain: string | undefined): string {
  return domain === undefined || domain === 'ai.onnx' ? '' : domain;
}

function nodeLocation(file: string, node: string, opType: string | undefined): Location {
  return { file, node, ...(opType !== undefined && { opType }) };
}

/** Types of all named values, from inputs, outputs and value_info; the first description wins. */
function declaredTypes({ proto }: RawGraph, context: ImportContext): ReadonlyMap<string, DeclaredType> {
  const types = new Map<string, DeclaredType>();
  for (const info of [...proto.input, ...proto.output, ...proto.valueInfo]) {
    const { name = '' } = info;
    const known = types.get(name);
    const typed = typeOf(info.type, known === undefined ? context.unknownDim : () => '?');
    if (known === undefined) types.set(name, typed);
    else if (differ(known, typed)) context.report(conflictingValueInfo({ file: context.file, tensor: name }, name));
  }
  return types;
}

function differ(a: DeclaredType, b: DeclaredType): boolean {
  if (a.dtype !== b.dtype) return a.dtype !== undefined && b.dtype !== undefined;
  if (a.dims === undefined || b.dims === undefined) return false;
  const { dims } = b;
  return (
    a.dims.length !== dims.length ||
    a.dims.some((d, i) => typeof d === 'number' && typeof dims[i] === 'number' && d !== dims[i])
  );
}

function reportRepeatedNames(nodes: readonly RawNode[], handles: readonly string[], context: ImportContext): void {
  const first = new Map<string, number>();
  const count = new Map<string, number>();
  nodes.forEach(({ proto: { name = '' } }, i) => {
    if (name === '') return;
    if (!first.has(name)) first.set(name, i);
    count.set(name, (count.get(name) ?? 0) + 1);
  });
  for (const [name, n] of count) {
    const i = first.get(name) as number; // set together with count
    const handle = handles[i] as string;
    if (n > 1)
      context.report(duplicateNodeName(nodeLocation(context.file, handle, nodes[i]?.proto.opType), name, n, handle));
  }
}

function reportOrder(builder: GraphBuilder, context: ImportContext): void {
  const { cyclic, wasSorted, nodes } = sortNodes(builder.nodes);
  const first = cyclic[0];
  if (first !== undefined) context.report(cycle(nodeLocation(context.file, first.handle, first.opType), cyclic.length));
  else if (!wasSorted) {
    const moved = builder.nodes.find((node, i) => nodes[i] !== node);
    if (moved !== undefined) context.report(notSorted(nodeLocation(context.file, moved.handle, moved.opType)));
  }
}
