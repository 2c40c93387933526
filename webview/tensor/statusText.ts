import type { TensorHead } from '../../src/protocol/tensorViews.ts';
import { t } from '../l10n.ts';
import { codeText, differenceText, elementText, indexText, stepsText } from './elementText.ts';
import type { TensorLook } from './look.ts';
import { type Element, sideOf } from './slices.ts';

/** More digits than cells have room for. */
const DIGITS = 8;

/** `[0, 3, 5]  float 0.123  dequantized 0.125  code 37  difference +0.002  0.12 steps`. */
export function statusText(index: readonly number[], element: Element, head: TensorHead, look: TensorLook): string {
  const precise = { ...look, digits: DIGITS };
  const { float, dequantized, code, scale } = element;
  const value = elementText(float, precise);
  const parts = [indexText(index), head.sides.length === 1 ? t('value {0}', value) : t('float {0}', value)];
  if (dequantized !== null) parts.push(t('dequantized {0}', elementText(dequantized, precise)));
  if (code !== null) {
    const plain = codeText(code, head.quant?.dtype ?? '', { ...look, hexCodes: false });
    const hex = codeText(code, head.quant?.dtype ?? '', { ...look, hexCodes: true });
    parts.push(t('code {0} ({1})', plain, hex));
  }
  const difference = sideOf(element, 'difference');
  if (difference !== null) {
    parts.push(t('difference {0}', differenceText(difference, { ...look, digits: 4 })));
    if (scale !== null) parts.push(stepsText(difference, scale));
  }
  return parts.join('   ');
}
