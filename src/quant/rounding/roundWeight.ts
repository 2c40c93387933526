import type { QuantizedTensor } from '../../base/quantParams.ts';
import { type Tensor, tensor } from '../../base/tensor.ts';
import { type Feedback, feedbackOf, type InputMoments, roundRow } from './leastSquares.ts';

/** Rounds weights of convolutions by the inputs they meet; what it prepares for a layer is kept. */
export class LeastSquaresRounding {
  readonly #moments: readonly InputMoments[];
  #feedback: readonly (Feedback | undefined)[] | undefined;

  /** @param moments per group. */
  constructor(moments: readonly InputMoments[]) {
    this.#moments = moments;
  }

  /**
   * The same parameters with codes that keep the layer's sums.
   * @param weight [O, I/groups, kH, kW]; its codes are int8, per tensor or per output channel.
   */
  round(weight: Tensor, quantized: QuantizedTensor): QuantizedTensor {
    const { codes, params } = quantized;
    const [outputs = 0] = weight.dims;
    if (codes.dtype !== 'int8' || outputs === 0) return quantized;
    this.#feedback ??= this.#moments.map(feedbackOf);
    const size = weight.data.length / outputs;
    const made = Int8Array.from(codes.data as Int8Array);
    const row = new Int32Array(size);
    for (let o = 0; o < outputs; o++) {
      const feedback = this.#feedback[Math.floor((o * this.#feedback.length) / outputs)];
      if (feedback?.size !== size) continue;
      const c = params.scale.length === 1 ? 0 : o;
      const { qmin, qmax } = params.scheme;
      const grid = { scale: params.scale[c] as number, zeroPoint: params.zeroPoint[c] as number, qmin, qmax };
      const weights = Float32Array.from((weight.data as Float32Array).subarray(o * size, (o + 1) * size));
      roundRow(weights, feedback, grid, row);
      made.set(row, o * size);
    }
    return { codes: tensor('int8', codes.dims, made), params };
  }
}
