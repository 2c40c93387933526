/** What drawing needs of a canvas; a picture that is saved is drawn with the same strokes into another one. */
export interface Pen extends Strokes {
  roundRect(x: number, y: number, width: number, height: number, radii?: number | number[]): void;
}

type Strokes = Pick<
  CanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
  | 'globalAlpha'
  | 'setLineDash'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'bezierCurveTo'
  | 'closePath'
  | 'fill'
  | 'stroke'
  | 'fillRect'
  | 'strokeRect'
  | 'fillText'
>;
