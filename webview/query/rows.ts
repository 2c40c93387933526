/** Lengths and symbols of a tensor; null when even the rank is unknown. */
export type Dims = readonly (number | string)[] | null;

export interface Attribute {
  readonly name: string;
  readonly value: string;
}

/** What a query is asked of: nodes, tensors, or tensors of nodes, by row number. */
export interface Rows {
  readonly count: number;
  /**
   * Lower-cased texts that words are looked for in, one per line: first the names, then, behind an empty line, what counts
   * less. Kept once it has been made.
   */
  line(row: number): string;
  /** The same texts as they are; regular expressions look here. */
  texts(row: number): readonly string[];
  /** What a field of texts has in a row; undefined where it says nothing of these rows. */
  textsOf(field: string): ((row: number) => readonly string[]) | undefined;
  /** Figures by row, NaN where there is none; undefined where there are none at all. */
  numbersOf(field: string): Float64Array | undefined;
  /** Undefined where rows have none. */
  readonly shapes: ((row: number) => readonly Dims[]) | undefined;
  readonly attributes: ((row: number) => readonly Attribute[]) | undefined;
}

/** Keeps the lines of {@link Rows}: names, an empty line, the rest. */
export class Lines {
  readonly #lines: string[];

  constructor(count: number) {
    this.#lines = new Array<string>(count);
  }

  of(row: number, make: () => { readonly names: readonly string[]; readonly more: readonly string[] }): string {
    const known = this.#lines[row];
    if (known !== undefined) return known;
    const { names, more } = make();
    const line = `${names.join('\n')}\n\n${more.join('\n')}`.toLowerCase();
    this.#lines[row] = line;
    return line;
  }
}
