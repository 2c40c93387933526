import { type Columns, type Head, NO_RANK, VALUE_KINDS } from './graphTableFormat.ts';
import type { GraphView } from './views.ts';

/** Writes a graph into one buffer, for {@link GraphTable}. */
export function encodeGraph(view: GraphView): ArrayBuffer {
  const valueIndex = new Map(view.values.map((v, i) => [v.id, i]));
  const operators = new Dictionary();
  const dtypes = new Dictionary();
  const symbols = new Dictionary();
  const indexOf = (id: number | null) => (id === null ? -1 : (valueIndex.get(id) ?? -1));
  const inputs = lists(view.nodes.map((n) => n.inputs.map(indexOf)));
  const outputs = lists(view.nodes.map((n) => n.outputs.map(indexOf)));
  const handles = texts(view.nodes.map((n) => n.handle));
  const names = texts(view.nodes.map((n) => n.name));
  const attributes = texts(view.nodes.map((n) => (n.attributes.length === 0 ? '' : JSON.stringify(n.attributes))));
  const valueNames = texts(view.values.map((v) => v.name));
  const dims = lists(
    view.values.map((v) => (v.dims ?? []).map((d) => (typeof d === 'number' ? d : -1 - symbols.add(d)))),
  );
  const columns: Columns = {
    nodeIds: Int32Array.from(view.nodes, (n) => n.id),
    operatorOf: Int32Array.from(view.nodes, (n) => operators.add(JSON.stringify([n.opType, n.domain]))),
    supported: Uint8Array.from(view.nodes, (n) => Number(n.supported)),
    inputStart: inputs.start,
    inputValues: Int32Array.from(inputs.all),
    outputStart: outputs.start,
    outputValues: Int32Array.from(outputs.all),
    handleStart: handles.start,
    handles: handles.bytes,
    nameStart: names.start,
    names: names.bytes,
    attributeStart: attributes.start,
    attributes: attributes.bytes,
    valueIds: Int32Array.from(view.values, (v) => v.id),
    valueKinds: Uint8Array.from(view.values, (v) => VALUE_KINDS.indexOf(v.kind)),
    dtypeOf: Int32Array.from(view.values, (v) => dtypes.add(v.dtype)),
    rank: Int32Array.from(view.values, (v) => v.dims?.length ?? NO_RANK),
    dimStart: dims.start,
    dims: Float64Array.from(dims.all),
    valueNameStart: valueNames.start,
    valueNames: valueNames.bytes,
  };
  const { nodes: _nodes, values: _values, ...rest } = view;
  return assemble(columns, {
    ...rest,
    operators: operators.texts.map((text) => JSON.parse(text) as [string, string]),
    dtypes: dtypes.texts,
    symbols: symbols.texts,
  });
}

function assemble(columns: Columns, head: Omit<Head, 'columns'>): ArrayBuffer {
  const entries = Object.entries(columns);
  const place = (from: number): [Record<string, [number, number]>, number] => {
    let offset = from;
    const places: Record<string, [number, number]> = {};
    for (const [name, data] of entries) {
      offset = aligned(offset);
      places[name] = [offset, data.length];
      offset += data.byteLength;
    }
    return [places, offset];
  };
  // The offsets stand in the text whose length they depend on: room for the widest is kept.
  const room = aligned(4 + encodeText(JSON.stringify({ ...head, columns: place(2 ** 40)[0] })).length);
  const [places, end] = place(room);
  const text = encodeText(JSON.stringify({ ...head, columns: places }));
  const buffer = new ArrayBuffer(end);
  new Uint32Array(buffer, 0, 1)[0] = text.length;
  new Uint8Array(buffer).set(text, 4);
  for (const [name, data] of entries) {
    new Uint8Array(buffer).set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      (places[name] as [number, number])[0],
    );
  }
  return buffer;
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function aligned(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

function lists(rows: readonly (readonly number[])[]): {
  readonly start: Int32Array<ArrayBuffer>;
  readonly all: number[];
} {
  const start = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    start[i + 1] = (start[i] as number) + row.length;
  });
  return { start, all: rows.flat() };
}

function texts(rows: readonly string[]): {
  readonly start: Int32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
} {
  const encoded = rows.map(encodeText);
  const start = new Int32Array(rows.length + 1);
  encoded.forEach((bytes, i) => {
    start[i + 1] = (start[i] as number) + bytes.length;
  });
  const bytes = new Uint8Array(start[rows.length] as number);
  encoded.forEach((part, i) => {
    bytes.set(part, start[i]);
  });
  return { start, bytes };
}

/** Texts numbered in the order they come. */
class Dictionary {
  readonly texts: string[] = [];
  readonly #known = new Map<string, number>();

  add(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const index = this.texts.push(text) - 1;
    this.#known.set(text, index);
    return index;
  }
}
