import type { Pen } from '../draw/pen.ts';

const ANCHORS: Readonly<Record<string, string>> = { center: 'middle', right: 'end', end: 'end' };

/**
 * A pen that writes SVG: what is drawn with it looks as it does on the canvas. Fonts are named, not embedded; texts stay
 * texts.
 */
export class SvgPen implements Pen {
  fillStyle: string | CanvasGradient | CanvasPattern = '#000';
  strokeStyle: string | CanvasGradient | CanvasPattern = '#000';
  lineWidth = 1;
  font = '';
  textAlign: CanvasTextAlign = 'left';
  textBaseline: CanvasTextBaseline = 'alphabetic';
  globalAlpha = 1;
  readonly #parts: string[] = [];
  #path: string[] = [];
  #dash: readonly number[] = [];

  setLineDash(dash: readonly number[]): void {
    this.#dash = [...dash];
  }

  beginPath(): void {
    this.#path = [];
  }

  moveTo(x: number, y: number): void {
    this.#path.push(`M${n(x)} ${n(y)}`);
  }

  lineTo(x: number, y: number): void {
    this.#path.push(`L${n(x)} ${n(y)}`);
  }

  bezierCurveTo(...points: [number, number, number, number, number, number]): void {
    this.#path.push(`C${points.map(n).join(' ')}`);
  }

  closePath(): void {
    this.#path.push('Z');
  }

  roundRect(x: number, y: number, width: number, height: number, radii: number | number[] = 0): void {
    const most = Math.min(width, height) / 2;
    const [a = 0, b = a, c = a, d = b] = typeof radii === 'number' ? [radii] : radii;
    const [tl, tr, br, bl] = [a, b, c, d].map((r) => Math.min(r, most)) as [number, number, number, number];
    const arc = (r: number, dx: number, dy: number) => (r === 0 ? '' : `a${n(r)} ${n(r)} 0 0 1 ${n(dx)} ${n(dy)}`);
    this.#path.push(
      `M${n(x + tl)} ${n(y)}H${n(x + width - tr)}${arc(tr, tr, tr)}V${n(y + height - br)}${arc(br, -br, br)}` +
        `H${n(x + bl)}${arc(bl, -bl, -bl)}V${n(y + tl)}${arc(tl, tl, -tl)}Z`,
    );
  }

  fill(): void {
    if (this.#path.length > 0) this.#add(`<path d="${this.#path.join('')}" fill="${this.#fill()}"`);
  }

  stroke(): void {
    if (this.#path.length > 0) this.#add(`<path d="${this.#path.join('')}" ${this.#stroke()}`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.#add(`${rect(x, y, width, height)} fill="${this.#fill()}"`);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.#add(`${rect(x, y, width, height)} ${this.#stroke()}`);
  }

  fillText(text: string, x: number, y: number): void {
    const [, weight, size, family] = /^(?:(\S+) )?([\d.]+)px (.*)$/s.exec(this.font) ?? [];
    const attributes = [
      `font-family="${escaped(family ?? 'sans-serif')}"`,
      `font-size="${size ?? 12}"`,
      weight === undefined ? '' : `font-weight="${weight}"`,
      this.textAlign in ANCHORS ? `text-anchor="${ANCHORS[this.textAlign]}"` : '',
      this.textBaseline === 'middle' ? 'dominant-baseline="central"' : '',
    ];
    const open = `<text x="${n(x)}" y="${n(y)}" fill="${this.#fill()}" ${attributes.filter((a) => a !== '').join(' ')}`;
    this.#parts.push(`${open}${this.#opacity()}>${escaped(text)}</text>`);
  }

  /** Characters written so far. */
  get length(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  /** The whole file. The picture shows `box`, in the units that were drawn in, one pixel to a unit. */
  finish(
    box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
    title: string,
  ): string {
    const { left, top, width, height } = box;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="${[left, top, width, height].map(n).join(' ')}" role="img">`,
      `<title>${escaped(title)}</title>`,
      ...this.#parts,
      '</svg>\n',
    ].join('\n');
  }

  #add(open: string): void {
    this.#parts.push(`${open}${this.#opacity()}/>`);
  }

  #fill(): string {
    return escaped(String(this.fillStyle));
  }

  #stroke(): string {
    const dash = this.#dash.length === 0 ? '' : ` stroke-dasharray="${this.#dash.join(' ')}"`;
    return `fill="none" stroke="${escaped(String(this.strokeStyle))}" stroke-width="${n(this.lineWidth)}"${dash}`;
  }

  #opacity(): string {
    return this.globalAlpha === 1 ? '' : ` opacity="${n(this.globalAlpha)}"`;
  }
}

function rect(x: number, y: number, width: number, height: number): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}"`;
}

/** A hundredth of a pixel is more than one sees. */
function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? '&quot;');
}
