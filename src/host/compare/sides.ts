/** The parts of an address that tell on which side of a diff editor its file stands. */
export interface Address {
  readonly path: string;
  readonly scheme: string;
  readonly query: string;
}

/**
 * On which side of a diff editor `a` stands, by what the two are and by the editor's label (`left ↔ right`); undefined when
 * nothing tells. The older version stands on the left.
 */
export function sideOf(a: Address, b: Address, label: string): 'left' | 'right' | undefined {
  const [ageA, ageB] = [ageOf(a), ageOf(b)];
  if (ageA !== ageB) return ageA > ageB ? 'left' : 'right';
  const [left, right] = label.split('↔').map((part) => part.trim());
  const [nameA, nameB] = [nameOf(a), nameOf(b)];
  if (left === undefined || right === undefined || nameA === nameB) return undefined;
  if (left.includes(nameA) && right.includes(nameB)) return 'left';
  return left.includes(nameB) && right.includes(nameA) ? 'right' : undefined;
}

/** 0 for a file on disk, 1 for what is staged, 2 for what was committed. */
function ageOf({ scheme, query }: Address): number {
  if (scheme === 'file') return 0;
  const ref = refOf(query);
  return ref === '' || ref === '~' ? 1 : 2;
}

/** The version that the address of a file in git names. */
function refOf(query: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(query);
    const ref = typeof parsed === 'object' && parsed !== null && 'ref' in parsed ? parsed.ref : undefined;
    return typeof ref === 'string' ? ref : undefined;
  } catch {
    return undefined;
  }
}

function nameOf({ path }: Address): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
