import { Mark } from './marks.ts';

/** How often every mark occurs in a group, by {@link Mark}. */
export type Counts = ArrayLike<number>;

/** A decomposed normalization or activation has no more nodes than this. */
const MAX_FORMULA = 40;
/** Convolutions of one block with branches. */
const MAX_BRANCHES = 24;

/** What kind of block a group with these marks and `size` nodes is; '' where it is none in particular. */
export function blockOf(counts: Counts, size: number): string {
  const of = (mark: number) => counts[mark] as number;
  const convolutions = of(Mark.convolution) + of(Mark.pointwise) + of(Mark.depthwise);
  const products = convolutions + of(Mark.dense) + of(Mark.product);
  if (of(Mark.attention) > 0) return attentionBlock(counts);
  if (of(Mark.recurrent) > 0) return of(Mark.recurrent) === 1 && convolutions === 0 ? 'Recurrent' : '';
  if (products === 0) return formulaBlock(counts, size);
  if (of(Mark.lookup) > 0 && products <= 1) return 'Embedding';
  return convolutions === 0 ? denseBlock(counts) : convolutionBlock(counts, convolutions);
}

function attentionBlock(counts: Counts): string {
  const of = (mark: number) => counts[mark] as number;
  if (of(Mark.attention) > 1) return '';
  return of(Mark.activation) > 0 && of(Mark.dense) >= 3 ? 'Transformer layer' : 'Attention';
}

function formulaBlock(counts: Counts, size: number): string {
  const of = (mark: number) => counts[mark] as number;
  if (of(Mark.lookup) > 0) return 'Embedding';
  if (of(Mark.squeezeExcitation) === 1) return 'Squeeze-and-excitation';
  if (size > MAX_FORMULA) return '';
  if (of(Mark.layerNorm) === 1) return 'Layer normalization';
  if (of(Mark.gelu) === 1) return 'Gelu';
  return of(Mark.swish) === 1 ? 'Swish' : '';
}

function denseBlock(counts: Counts): string {
  const of = (mark: number) => counts[mark] as number;
  const isSequence = of(Mark.denseOfActivation) > 0 && of(Mark.activation) <= 2;
  if (of(Mark.dense) === 2 && isSequence && of(Mark.product) === 0) return 'Feed-forward';
  return of(Mark.last) > 0 && of(Mark.dense) === 1 ? 'Head' : '';
}

function convolutionBlock(counts: Counts, convolutions: number): string {
  const of = (mark: number) => counts[mark] as number;
  const [regular, pointwise, depthwise] = [of(Mark.convolution), of(Mark.pointwise), of(Mark.depthwise)];
  if (of(Mark.dense) + of(Mark.product) > 0) return '';
  if (depthwise === 1 && regular === 0 && of(Mark.concat) === 0) {
    if (of(Mark.last) > 0) return 'Head';
    if (pointwise === 2 || (pointwise === 1 && of(Mark.projection) === 1)) return 'Inverted residual';
    return pointwise === 1 ? 'Depthwise separable convolution' : '';
  }
  if (of(Mark.concat) === 1) {
    if (of(Mark.pool) > 1 && of(Mark.sum) === 0) return 'Spatial pyramid pooling';
    if (regular === 1 && pointwise === 2 && of(Mark.sum) === 0) return 'Fire module';
    if (of(Mark.sumOfConcat) === 1 && of(Mark.sum) === 1) return 'Residual block';
    if (of(Mark.sum) > 0) return convolutions <= MAX_BRANCHES ? 'Cross-stage partial block' : '';
    return convolutions > 1 && convolutions <= MAX_BRANCHES ? 'Parallel branches' : '';
  }
  if (of(Mark.concat) > 1) return '';
  if (of(Mark.sum) === 1 && convolutions > 1 && convolutions <= 4) return 'Residual block';
  return convolutions === 1 && of(Mark.sum) === 0 ? 'Convolution' : '';
}
