/** Dims by the names of inputs; -1 is a length that is open. */
export type InputShapes = ReadonlyMap<string, readonly number[]>;

/** Reads `input:[1,3,224,224];input2:1,10`, brackets or not. @returns the reason where it is something else. */
export function readShapes(text: string): InputShapes | string {
  const shapes = new Map<string, readonly number[]>();
  for (const item of text.split(';').map((part) => part.trim())) {
    if (item === '') continue;
    const colon = item.lastIndexOf(':');
    const name = item.slice(0, Math.max(0, colon)).trim();
    const dims = readDims(item.slice(colon + 1));
    if (name === '' || dims === undefined) return `is not input:[1,3,224,224], several separated by ; (at ${item})`;
    if (shapes.has(name)) return `gives input ${name} a second shape`;
    shapes.set(name, dims);
  }
  return shapes.size === 0 ? 'names no input' : shapes;
}

function readDims(text: string): readonly number[] | undefined {
  const parts = text
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .split(',');
  const dims = parts.map((part) => (/^\s*(-1|[1-9]\d{0,8})\s*$/.test(part) ? Number(part) : Number.NaN));
  return dims.some(Number.isNaN) ? undefined : dims;
}

/** Reads `[1~4,64],[8,128]`: sets of lengths, of a range its first. @returns the reason where it is something else. */
export function readProfiles(text: string): readonly (readonly number[])[] | string {
  const sets = [...text.matchAll(/\[([^\]]*)\]/g)].map(([, set = '']) => set.split(',').map(firstOfRange));
  const rest = text.replace(/\[[^\]]*\]/g, '').replace(/[\s,;]/g, '');
  if (sets.length === 0 || rest !== '' || sets.flat().some(Number.isNaN))
    return 'is not sets of lengths like [1~4],[8]';
  const [first] = sets;
  return sets.some((set) => set.length !== first?.length) ? 'has sets of different counts of lengths' : sets;
}

function firstOfRange(text: string): number {
  const [, first] = /^\s*([1-9]\d{0,8})(?:\s*~\s*[1-9]\d{0,8})?\s*$/.exec(text) ?? [];
  return first === undefined ? Number.NaN : Number(first);
}

/** The shapes with their open lengths taken from one set, in order; those beyond it stay open. */
export function fillShapes(shapes: InputShapes, lengths: readonly number[]): InputShapes {
  let next = 0;
  const filled = [...shapes].map(([name, dims]) => {
    const closed = dims.map((d) => (d === -1 ? (lengths[next++] ?? -1) : d));
    return [name, closed] as const;
  });
  return new Map(filled);
}

/** How many lengths are open. */
export function openLengths(shapes: InputShapes): number {
  return [...shapes.values()].flat().filter((d) => d === -1).length;
}
