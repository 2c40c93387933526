import type { PictureSide } from '../../src/protocol/tensorViews.ts';
import { fill, h } from '../dom.ts';
import { t } from '../l10n.ts';
import { colorAt, type PictureColors, type Rgb, type Scale } from './colors.ts';
import { elementText } from './elementText.ts';
import { sideTitle, type TensorLook } from './look.ts';

const WIDTH = 96;
const HEIGHT = 10;

/** What the colours of pictures stand for, with numbers at both ends. */
export function createLegend() {
  const element = h('div', { class: 'tensor-legend' });
  let drawn = '';
  return {
    element,
    /** @param scales of the sides shown; none where every map has its own. */
    show(scales: Readonly<Partial<Record<PictureSide, Scale>>>, colors: PictureColors, look: TensorLook): void {
      const key = JSON.stringify([scales, colors, look.digits, look.notation]);
      if (key === drawn) return;
      drawn = key;
      const { float, dequantized, difference } = scales;
      const values = float ?? dequantized;
      const bars = [
        values &&
          bar(
            float === undefined || dequantized === undefined
              ? sideTitle(float ? 'float' : 'dequantized')
              : t('Float and dequantized'),
            values,
            look,
          ),
        difference && bar(sideTitle('difference'), difference, look),
      ];
      const hint =
        values === undefined && difference === undefined
          ? t('Colours span each map by itself; its limits are read with it')
          : '';
      fill(element, ...bars, hint !== '' && h('span', { class: 'hint' }, hint), key0(colors.notFinite));
    },
  };
}

function bar(title: string, { low, high, stops }: Scale, look: TensorLook): HTMLElement {
  const canvas = h('canvas', { class: 'tensor-scale', attrs: { width: WIDTH, height: HEIGHT, 'aria-hidden': 'true' } });
  const pen = canvas.getContext('2d');
  for (let x = 0; pen !== null && x < WIDTH; x++) {
    pen.fillStyle = `rgb(${colorAt(stops, x / (WIDTH - 1)).join(' ')})`;
    pen.fillRect(x, 0, 1, HEIGHT);
  }
  const [from, to] = [elementText(low, look), elementText(high, look)];
  return h(
    'span',
    { class: 'tensor-legend-entry' },
    `${title} `,
    h('span', { class: 'figure' }, from),
    canvas,
    h('span', { class: 'figure' }, to),
  );
}

function key0(color: Rgb): HTMLElement {
  const canvas = h('canvas', {
    class: 'tensor-scale',
    attrs: { width: HEIGHT, height: HEIGHT, 'aria-hidden': 'true' },
  });
  const pen = canvas.getContext('2d');
  if (pen !== null) {
    pen.fillStyle = `rgb(${color.join(' ')})`;
    pen.fillRect(0, 0, HEIGHT, HEIGHT);
  }
  return h('span', { class: 'tensor-legend-entry' }, canvas, t('not finite'));
}
