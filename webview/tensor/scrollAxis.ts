/** Pixels a browser can scroll over for certain; what is longer is mapped onto so many. */
const MOST_PIXELS = 8_000_000;

/** One direction of a virtual page: where it is scrolled to, also where it is longer than a browser can scroll. */
export class ScrollAxis {
  #length = 0;
  #view = 0;
  #position = 0;
  /** What the scroll bar was last set to. */
  #bar = 0;

  /** @param length pixels of all; @param view pixels that are seen at a time. */
  resize(length: number, view: number): void {
    this.#length = length;
    this.#view = view;
    this.moveTo(this.#position);
  }

  get position(): number {
    return this.#position;
  }

  /** Furthest position. */
  get most(): number {
    return Math.max(0, this.#length - this.#view);
  }

  /** Pixels that the scroll bar shall have to go. */
  get room(): number {
    return Math.min(this.most, MOST_PIXELS);
  }

  /** Whether a pixel of the scroll bar is more than one of the page. */
  get isScaled(): boolean {
    return this.most > MOST_PIXELS;
  }

  /** Where the scroll bar belongs. */
  get bar(): number {
    return this.#bar;
  }

  moveTo(position: number): void {
    this.#position = Math.max(0, Math.min(this.most, position));
    this.#bar = this.isScaled ? (this.#position / this.most) * this.room : this.#position;
  }

  /** The scroll bar is somewhere: by hand, or because it was put there. */
  follow(bar: number): void {
    // A browser rounds where it puts the bar, which is many pixels of a scaled page.
    if (this.isScaled && Math.abs(bar - this.#bar) <= 1) return;
    this.#bar = bar;
    this.#position = this.isScaled ? (bar / this.room) * this.most : Math.min(bar, this.most);
  }

  /** Moves [from, to) to the middle, unless it is seen. */
  show(from: number, to: number): void {
    if (from < this.#position || to > this.#position + this.#view) this.moveTo((from + to - this.#view) / 2);
  }

  /** Moves as little as shows [from, to). */
  reveal(from: number, to: number): void {
    if (from < this.#position) this.moveTo(from);
    else if (to > this.#position + this.#view) this.moveTo(to - this.#view);
  }
}
