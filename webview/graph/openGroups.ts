import type { Hierarchy } from './picture.ts';

/** Groups around a group, itself included, from inside out. */
export function groupsAround({ groups }: Hierarchy, group: number): number[] {
  const around: number[] = [];
  for (let g = group; g >= 0; g = groups[g]?.parent ?? -1) around.push(g);
  return around;
}

/** The open groups with one more opened, and those around it, or with one closed. */
export function withToggled(hierarchy: Hierarchy, open: readonly string[], group: number): string[] {
  const key = keyOf(hierarchy, group);
  if (open.includes(key)) return open.filter((k) => k !== key);
  return withOpened(hierarchy, open, group);
}

/** The open groups with one and all around it. */
export function withOpened(hierarchy: Hierarchy, open: readonly string[], group: number): string[] {
  return [...new Set([...open, ...groupsAround(hierarchy, group).map((g) => keyOf(hierarchy, g))])];
}

/** Whether a group and all around it are open, so that its inside is drawn. */
export function isOpen(hierarchy: Hierarchy, open: ReadonlySet<string>, group: number): boolean {
  return groupsAround(hierarchy, group).every((g) => open.has(keyOf(hierarchy, g)));
}

export function allOpen({ groups }: Hierarchy): string[] {
  return groups.map((g) => g.key);
}

function keyOf({ groups }: Hierarchy, group: number): string {
  return groups[group]?.key ?? '';
}
