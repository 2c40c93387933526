import { shortestFloat32 } from '../../src/protocol/floatText.ts';
import { MOST_SLICE_ELEMENTS, type TensorSide } from '../../src/protocol/tensorViews.ts';
import { t } from '../l10n.ts';
import type { TensorContext } from './context.ts';
import type { Cell } from './places.ts';
import { elementAt, refOf, sideOf } from './slices.ts';

/** Copies one side of the cells between two corners as lines of tab-separated numbers, in all their digits. */
export async function copyCells(
  context: TensorContext,
  side: TensorSide,
  [a, b]: readonly [Cell, Cell],
): Promise<void> {
  const opened = context.opened();
  if (opened === null) return;
  const span = (p: number, q: number): readonly [number, number] => [Math.min(p, q), Math.max(p, q) + 1];
  const [rows, columns] = [span(a.row, b.row), span(a.column, b.column)];
  const width = columns[1] - columns[0];
  const count = (rows[1] - rows[0]) * width;
  if (count > MOST_SLICE_ELEMENTS) {
    context.say(t('{0} elements are too many to copy: save the page to a file instead', count), 'spoken');
    return;
  }
  try {
    const slice = await context.ask('tensor/slice', { ...refOf(opened), plane: opened.plane, rows, columns });
    const isFloat32 = side === 'dequantized' || slice.float instanceof Float32Array;
    const lines = Array.from({ length: rows[1] - rows[0] }, (_, r) =>
      Array.from({ length: width }, (_cell, c) => {
        const x = sideOf(elementAt(slice, r * width + c), side) ?? Number.NaN;
        return isFloat32 && side !== 'codes' ? shortestFloat32(x) : String(x);
      }).join('\t'),
    );
    await navigator.clipboard.writeText(lines.join('\n'));
    context.say(count === 1 ? t('Copied 1 element') : t('Copied {0} elements', count), 'spoken');
  } catch (cause) {
    context.fail(cause);
  }
}
