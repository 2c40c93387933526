const F32 = Math.fround;

/** The generator that mindspore-golden.json describes: a linear congruential one, sums of twelve uniform numbers. */
export function goldenGauss(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      sum += (state >>> 8) / 16777216;
    }
    return F32(sum - 6);
  };
}

/** The weight [4, 3, 3, 3] of the section `weights`. */
export function goldenWeight(): Float32Array {
  const gauss = goldenGauss(42);
  return Float32Array.from({ length: 108 }, (_, i) => F32(F32(gauss() * F32(1 + Math.floor(i / 27))) * F32(0.1)));
}

/** The weight [16, 8, 3, 3] of a case of the section `mixed_bit`. */
export function goldenMixedWeight(index: number): Float32Array {
  const gauss = goldenGauss(900 + index);
  return Float32Array.from({ length: 1152 }, () => {
    const w = F32(gauss() * F32(0.05));
    return index === 1 ? F32(F32(w * Math.abs(w)) * 20) : w;
  });
}
