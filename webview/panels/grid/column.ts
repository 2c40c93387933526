/** A column of a table whose rows are numbered. */
export interface Column {
  readonly id: string;
  readonly header: string;
  /** A sentence for the tooltip. */
  readonly doc: string;
  /** In pixels, until the user changes it. */
  readonly width: number;
  /** Whether it is shown until the user chooses. */
  readonly shown: boolean;
  /** The field of queries that asks for it; null: it cannot be filtered by. */
  readonly field: string | null;
  /** How it is filtered and sorted. */
  readonly kind: 'text' | 'choice' | 'number';
  /** Where texts are cut when there is no room; the end, when it is left out. */
  readonly cut?: 'start';
  /** Whether large numbers are the bad ones, which a first click on the heading puts on top. */
  readonly worstIsHigh: boolean;
  /** What the cell shows. */
  readonly text: (row: number) => string;
  /** What is sorted by, copied and saved: NaN and '' are missing. */
  readonly value: (row: number) => number | string;
  /** What stands in the cell in place of the text; the text is its tooltip. @param at place of the row in the order shown. */
  readonly content?: (row: number, at: number) => readonly Node[];
  /** How bad a number is, where it is coloured: 0 (best) to 4. */
  readonly level?: (row: number) => number | null;
}
