/** Points of lines, one line after another, in arrays that grow. */
export class PointList {
  readonly pointStart: Uint32Array;
  #points = new Float64Array(1024);
  #count = 0;
  #line = 0;

  constructor(lineCount: number) {
    this.pointStart = new Uint32Array(lineCount + 1);
  }

  get points(): Float64Array {
    return this.#points.slice(0, 2 * this.#count);
  }

  endLine(): void {
    this.pointStart[++this.#line] = this.#count;
  }

  /** Adds a point to the line; one that continues a vertical stretch moves its end. */
  add(x: number, y: number): void {
    const first = this.pointStart[this.#line]!;
    const points = this.#points;
    const last = 2 * this.#count - 2;
    if (this.#count > first && points[last] === x) {
      if (points[last + 1] === y) return;
      if (this.#count > first + 1 && points[last - 2] === x) {
        points[last + 1] = y;
        return;
      }
    }
    if (last + 4 > points.length) {
      this.#points = new Float64Array(2 * points.length);
      this.#points.set(points);
    }
    this.#points[last + 2] = x;
    this.#points[last + 3] = y;
    this.#count++;
  }
}
