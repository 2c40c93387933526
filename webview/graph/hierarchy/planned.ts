/** A group to be made, or one unit. */
export interface Planned {
  /** What it is called by what it is, without a number. */
  readonly label: string;
  /** What it is called; null while that is open. */
  readonly name: string | null;
  /** What kind of block it is, '' for none in particular. */
  readonly block: string;
  /** Units, those of inner groups included. */
  readonly first: number;
  readonly last: number;
  /** Nodes. */
  readonly size: number;
  /** Null for a unit. */
  readonly inner: readonly Planned[] | null;
}

/** Labels of what lies side by side; those that occur more than once are numbered. */
export function numberedLabels(labels: readonly string[]): string[] {
  const total = new Map<string, number>();
  for (const label of labels) total.set(label, (total.get(label) ?? 0) + 1);
  const seen = new Map<string, number>();
  return labels.map((label) => {
    const number = (seen.get(label) ?? 0) + 1;
    seen.set(label, number);
    return total.get(label) === 1 ? label : `${label} ${number}`;
  });
}
