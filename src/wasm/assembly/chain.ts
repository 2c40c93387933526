import { clampF32, mulF32 } from './elementwise';
import { LINK_ALPHA, LINK_BETA, LINK_BYTES } from './layout';
import {
  absF32,
  negF32,
  floorF32,
  ceilF32,
  roundF32,
  sqrtF32,
  reciprocalF32,
  squareF32,
  expF32,
  logF32,
  sigmoidF32,
  tanhF32,
  erfF32,
  geluF32,
  geluTanhF32,
  swishF32,
  hardSigmoidF32,
  hardSwishF32,
  leakyReluF32,
  eluF32,
  seluF32,
  celuF32,
  plusF32,
  minusFromF32,
  timesF32,
  overF32,
  underF32,
  affineF32,
  hardGateF32,
} from './unary';
import { field } from './vector';

/** Elements that stay in the first-level cache from link to link. */
const BLOCK = 2048;

/** out = the link of x; see LINK_OPS of wasm/unaryKernels.ts for the numbers. */
function link(op: i32, start: usize, x: usize, out: usize, count: i32, a: f32, b: f32): void {
  switch (op) {
    case 0: return absF32(x, out, count, a, b);
    case 1: return negF32(x, out, count, a, b);
    case 2: return floorF32(x, out, count, a, b);
    case 3: return ceilF32(x, out, count, a, b);
    case 4: return roundF32(x, out, count, a, b);
    case 5: return sqrtF32(x, out, count, a, b);
    case 6: return reciprocalF32(x, out, count, a, b);
    case 7: return squareF32(x, out, count, a, b);
    case 8: return expF32(x, out, count, a, b);
    case 9: return logF32(x, out, count, a, b);
    case 10: return sigmoidF32(x, out, count, a, b);
    case 11: return tanhF32(x, out, count, a, b);
    case 12: return erfF32(x, out, count, a, b);
    case 13: return geluF32(x, out, count, a, b);
    case 14: return geluTanhF32(x, out, count, a, b);
    case 15: return swishF32(x, out, count, a, b);
    case 16: return hardSigmoidF32(x, out, count, a, b);
    case 17: return hardSwishF32(x, out, count, a, b);
    case 18: return leakyReluF32(x, out, count, a, b);
    case 19: return eluF32(x, out, count, a, b);
    case 20: return seluF32(x, out, count, a, b);
    case 21: return celuF32(x, out, count, a, b);
    case 22: return clampF32(x, out, count, a, b);
    case 23: return plusF32(x, out, count, a, b);
    case 24: return minusFromF32(x, out, count, a, b);
    case 25: return timesF32(x, out, count, a, b);
    case 26: return overF32(x, out, count, a, b);
    case 27: return underF32(x, out, count, a, b);
    case 28: return affineF32(x, out, count, a, b);
    case 29: return hardGateF32(x, out, count, a, b);
    default: return mulF32(x, start, out, 1, count, 0, 1, 0, 1);
  }
}

/** The links one after the other, block by block; `out` is not `x`. */
export function chainF32(links: usize, length: i32, x: usize, out: usize, count: i32): void {
  for (let left = count; left > 0; left -= BLOCK) {
    const size = min(left, BLOCK);
    let from = x;
    let at = links;
    for (let i = 0; i < length; i++) {
      link(field(at, 0), x, from, out, size, load<f32>(at + LINK_ALPHA), load<f32>(at + LINK_BETA));
      from = out;
      at += LINK_BYTES;
    }
    x += BLOCK << 2;
    out += BLOCK << 2;
  }
}
