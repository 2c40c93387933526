import { fill, h, setAttr } from '../dom.ts';
import { describeItem } from './describe.ts';
import type { Drawing } from './drawing.ts';
import type { Marks } from './marks.ts';

/** Neighbours told of an item on each side; a hub has thousands. */
const MOST = 40;

/** Fills a listbox with an item and what it is connected with, as options a screen reader can walk. */
export function listNeighbours(
  { surface, options }: { readonly surface: HTMLElement; readonly options: HTMLElement },
  drawing: Drawing | undefined,
  current: number | undefined,
  marks: Marks,
): void {
  if (drawing === undefined || current === undefined) {
    fill(options);
    setAttr(surface, 'aria-activedescendant', null);
    return;
  }
  const near = [...drawing.before(current).slice(0, MOST), current, ...drawing.after(current).slice(0, MOST)];
  fill(
    options,
    ...[...new Set(near)].map((i) =>
      h(
        'div',
        {
          role: 'option',
          id: `graph-item-${i}`,
          attrs: {
            'aria-selected': String(i === current),
            'aria-posinset': i + 1,
            'aria-setsize': drawing.scene.count,
          },
        },
        describeItem(drawing, i, marks),
      ),
    ),
  );
  setAttr(surface, 'aria-activedescendant', `graph-item-${current}`);
}
