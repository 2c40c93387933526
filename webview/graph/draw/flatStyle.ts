import { SHADES } from '../../heat/bands.ts';
import { CATEGORIES, categoryOf } from '../category.ts';
import type { Drawing } from '../drawing.ts';
import type { CardMark } from '../node.ts';
import type { Palette } from '../palette.ts';
import type { Trace } from '../paths.ts';
import { ItemKind } from '../picture.ts';
import type { FlatStyle } from './flat.ts';

const PLAIN = 0;
const PILL = 1;
const UNSUPPORTED = 2;
const FIRST_LEVEL = 3;
const LEVELS = SHADES;
const FIRST_CATEGORY = FIRST_LEVEL + LEVELS;

/** Families of the items of a drawing; they stay while its colours change. */
export function categoriesOf({ scene, table }: Drawing): Uint8Array {
  const families = new Uint8Array(scene.count);
  for (let i = 0; i < scene.count; i++) {
    const kind = scene.kind[i];
    const node = scene.ref[i] as number;
    if (kind === ItemKind.input || kind === ItemKind.output) families[i] = PILL;
    else if (kind !== ItemKind.node) families[i] = PLAIN;
    else if (!table.supported(node)) families[i] = UNSUPPORTED;
    else families[i] = FIRST_CATEGORY + CATEGORIES.indexOf(categoryOf(table.opType(node)));
  }
  return families;
}

/** The colours of cards from afar: their heat where there is any, else their family; faint where not followed. */
export function flatStyleOf(
  families: Uint8Array,
  marks: { readonly of: (item: number) => CardMark | undefined; readonly any: boolean },
  trace: Trace | undefined,
  palette: Palette,
): FlatStyle {
  const solid = [
    palette.flatGroup,
    palette.dim,
    palette.error,
    ...Array.from({ length: LEVELS }, (_, i) => palette.shades[i]?.fill ?? palette.card),
    ...CATEGORIES.map((c) => palette.categories[c]),
  ];
  const fills = trace === undefined ? solid : [...solid, palette.stepped];
  const fillOf = families.slice();
  for (let i = 0; i < fillOf.length; i++) {
    if (trace !== undefined && trace.items[i] !== 1) fillOf[i] = solid.length;
    else if (marks.any) {
      const level = marks.of(i)?.level;
      if (level !== null && level !== undefined) fillOf[i] = FIRST_LEVEL + level;
      else if ((families[i] as number) >= FIRST_CATEGORY) fillOf[i] = PLAIN;
    }
  }
  const edge = trace === undefined ? palette.flatEdge : palette.stepped;
  return { edge, frame: palette.frame, frameLine: palette.frameLine, fills, fillOf };
}
