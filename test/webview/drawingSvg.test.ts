import { expect, test } from 'vitest';
import { SvgPen } from '../../webview/graph/save/svgPen.ts';

const BOX = { left: -10, top: 0, width: 200, height: 100 };

test('strokes become paths and texts stay texts, with what XML keeps for itself escaped', () => {
  const pen = new SvgPen();
  pen.fillStyle = 'rgb(1, 2, 3)';
  pen.fillRect(0, 0.004, 10.126, 20);
  pen.beginPath();
  pen.moveTo(1, 2);
  pen.bezierCurveTo(1, 5, 9, 5, 9, 8);
  pen.lineTo(9, 10);
  pen.strokeStyle = '#abc';
  pen.setLineDash([4, 3]);
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 0.5;
  pen.font = '600 12px "Segoe UI", sans-serif';
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  pen.fillText('a<b & "c"', 5, 6);
  expect(pen.finish(BOX, 'm<1>.onnx').split('\n')).toEqual([
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" viewBox="-10 0 200 100" role="img">',
    '<title>m&lt;1&gt;.onnx</title>',
    '<rect x="0" y="0" width="10.13" height="20" fill="rgb(1, 2, 3)"/>',
    '<path d="M1 2C1 5 9 5 9 8L9 10" fill="none" stroke="#abc" stroke-width="1.5" stroke-dasharray="4 3"/>',
    '<text x="5" y="6" fill="rgb(1, 2, 3)" font-family="&quot;Segoe UI&quot;, sans-serif" font-size="12" font-weight="600" text-anchor="end" dominant-baseline="central" opacity="0.5">a&lt;b &amp; &quot;c&quot;</text>',
    '</svg>',
    '',
  ]);
});

test('corners are rounded by no more than half a side, each by its own radius', () => {
  const pen = new SvgPen();
  pen.beginPath();
  pen.roundRect(0, 0, 40, 10, 99);
  pen.fill();
  pen.beginPath();
  pen.roundRect(0, 0, 6, 42, [4, 0, 0, 4]);
  pen.fill();
  const [, , pill, strip] = pen.finish(BOX, '').split('\n');
  expect(pill).toContain('M5 0H35a5 5 0 0 1 5 5V5a5 5 0 0 1 -5 5H5a5 5 0 0 1 -5 -5V5a5 5 0 0 1 5 -5Z');
  expect(strip).toContain('M3 0H6V42H3a3 3 0 0 1 -3 -3V3a3 3 0 0 1 3 -3Z');
});

test('an empty path leaves nothing', () => {
  const pen = new SvgPen();
  pen.beginPath();
  pen.stroke();
  pen.fill();
  expect(pen.length).toBe(0);
});
