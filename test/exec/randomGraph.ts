import { seededRandom } from '../../src/base/random.ts';
import { sizeOf } from '../../src/base/shape.ts';
import { type Tensor, tensor } from '../../src/base/tensor.ts';
import { type BuiltModel, type ModelBuilder, model } from '../models/model.ts';

/** Dims of the only input of {@link randomImageModel}. */
export const INPUT_DIMS = [1, 4, 8, 8] as const;
const [, CHANNELS, SIZE] = INPUT_DIMS;

/** A network of convolutions, clamps, branches, concatenations, pools and shape changes: the same for the same seed. */
export function randomImageModel(seed: number): BuiltModel {
  const random = seededRandom(seed);
  const net = model({ seed }).input('x', INPUT_DIMS);
  const branches = [net.current];
  const pick = (): string => branches[random.below(branches.length)] as string;
  const count = 3 + random.below(10);
  for (let i = 0; i < count; i++) {
    net.at(pick());
    switch (random.below(12)) {
      case 0:
      case 1:
        convolve(net, i, random.below(2) === 0 ? 1 : CHANNELS);
        break;
      case 2:
        convolve(net, i).node('Relu');
        break;
      case 3:
        net.floats(`lo${i}`, [], [-0.5]).floats(`hi${i}`, [], [0.75]);
        convolve(net, i);
        net.node('Clip', { inputs: [net.current, `lo${i}`, `hi${i}`] });
        break;
      case 4:
        net.node('Add', { inputs: [net.current, pick()] });
        break;
      case 5:
        net.floats(`gain${i}`, [CHANNELS, 1, 1]).node('Mul', { inputs: [net.current, `gain${i}`] });
        break;
      case 6: {
        const other = pick();
        net.node('Concat', { inputs: [net.current, other], attributes: { axis: random.below(2) === 0 ? 1 : -3 } });
        const weight = [net.current, `mix${i}`];
        net.floats(`mix${i}`, [CHANNELS, 2 * CHANNELS, 1, 1], undefined, 0.3).node('Conv', { inputs: weight });
        break;
      }
      case 7:
        net.node('MaxPool', { attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] } });
        break;
      case 8:
        net.node('Transpose', { attributes: { perm: [0, 1, 3, 2] } });
        break;
      case 9:
        net.ints(`flat${i}`, [2], [0, -1]).ints(`image${i}`, [4], [1, CHANNELS, SIZE, SIZE]);
        net.node('Reshape', { inputs: [net.current, `flat${i}`] });
        net.node('Reshape', { inputs: [net.current, `image${i}`] });
        break;
      case 10: {
        const from = net.current;
        net.node('GlobalAveragePool');
        net.node('Mul', { inputs: [net.current, from] });
        break;
      }
      default:
        net.node('Sigmoid');
    }
    branches.push(net.current);
  }
  const last = net.current;
  return net.output(...new Set([last, pick()])).build();
}

/** A 3x3 convolution that keeps the shape, with a bias. */
function convolve(net: ModelBuilder, i: number, group = 1): ModelBuilder {
  const inputs = [net.current, `w${i}`, `b${i}`];
  net.floats(`w${i}`, [CHANNELS, CHANNELS / group, 3, 3], undefined, 0.3).floats(`b${i}`, [CHANNELS], undefined, 0.1);
  return net.node('Conv', { inputs, attributes: { pads: [1, 1, 1, 1], group } });
}

/** Normal noise for the input, from a seed. */
export function noise(seed: number, dims: readonly number[] = INPUT_DIMS): Tensor {
  const random = seededRandom(seed);
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => random.normal()),
  );
}
