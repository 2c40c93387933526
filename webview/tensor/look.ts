import type { TensorHead, TensorPlane, TensorSide, WorstBy } from '../../src/protocol/tensorViews.ts';
import { t } from '../l10n.ts';
import type { NumberLook } from './elementText.ts';
import type { Cell } from './places.ts';

export type TensorMode = 'numbers' | 'pictures' | 'worst';

/** How one looks at tensors; survives a reload. */
export interface TensorLook extends NumberLook {
  readonly mode: TensorMode;
  readonly sides: readonly TensorSide[];
  readonly worstBy: WorstBy;
  /** Pixels of the longer side of a map. */
  readonly tile: number;
  /** What the colours of pictures span. */
  readonly limits: 'tensor' | 'map';
}

export const FIRST_LOOK: TensorLook = {
  mode: 'numbers',
  sides: ['float', 'dequantized', 'difference'],
  notation: 'plain',
  digits: 5,
  hexCodes: false,
  worstBy: 'absolute',
  tile: 96,
  limits: 'tensor',
};

export const SIDES: readonly TensorSide[] = ['float', 'dequantized', 'difference', 'codes'];

export function sideTitle(side: TensorSide): string {
  switch (side) {
    case 'float':
      return t('Float');
    case 'dequantized':
      return t('Dequantized');
    case 'difference':
      return t('Difference');
    case 'codes':
      return t('Codes');
  }
}

/** A tensor that lies open, and the page that is looked at. */
export interface Opened {
  readonly head: TensorHead;
  readonly plane: TensorPlane;
  /** Of the page. */
  readonly cell: Cell;
}

/** The sides that are shown of a tensor: the chosen ones that it has, or its float one. */
export function shownSides({ sides }: TensorHead, look: TensorLook): TensorSide[] {
  const chosen = SIDES.filter((side) => look.sides.includes(side) && sides.includes(side));
  return chosen.length === 0 ? ['float'] : chosen;
}
