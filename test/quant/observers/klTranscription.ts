const F32 = Math.fround;

/** The reference's search in full, step by step: what klThreshold must choose. @param bins [2048] float32. */
export function everyDivergence(bins: Float32Array): number[] {
  let tail = 0;
  for (let j = 128; j < 2048; j++) tail = F32(tail + (bins[j] as number));
  const all: number[] = [];
  for (let i = 128; i < 2048; i++) {
    const p = bins.slice(0, i);
    p[i - 1] = (p[i - 1] as number) + tail;
    tail = F32(tail - (bins[i] as number));
    all.push(relativeEntropy(p, spread(bins, i)));
  }
  return all;
}

function spread(bins: Float32Array, i: number): Float32Array {
  const q = new Float32Array(i);
  const width = F32(i / 128);
  for (let g = 0; g < 128; g++) {
    const start = F32(g * width);
    const end = F32(start + width);
    const [leftUpper, rightLower] = [Math.ceil(start), Math.floor(end)];
    const [leftScale, rightScale] = [leftUpper - start, end - rightLower];
    let mass = 0;
    if (leftUpper > start) mass = F32(mass + leftScale * (bins[leftUpper - 1] as number));
    if (rightLower < end) mass = F32(mass + rightScale * (bins[rightLower] as number));
    for (let j = leftUpper; j < rightLower; j++) mass = F32(mass + (bins[j] as number));
    let count = 0;
    if (leftUpper > start) count = F32(count + leftScale);
    if (rightLower < end) count = F32(count + rightScale);
    for (let j = leftUpper; j < rightLower; j++) count = F32(count + 1);
    const average = F32(mass / count);
    if (leftUpper > start) q[leftUpper - 1] = F32((q[leftUpper - 1] as number) + F32(average * leftScale));
    if (rightLower < end) q[rightLower] = F32((q[rightLower] as number) + average * rightScale);
    for (let j = leftUpper; j < rightLower; j++) q[j] = F32((q[j] as number) + average);
  }
  return q;
}

function relativeEntropy(p: Float32Array, q: Float32Array): number {
  const [sumP, sumQ] = [p, q].map((x) => x.reduce((sum, v) => F32(sum + v), 0)) as [number, number];
  let d = 0;
  for (let j = 0; j < p.length; j++) {
    const pj = F32((p[j] as number) / sumP);
    const qj = F32((q[j] as number) / sumQ);
    if (pj === 0) continue;
    d = qj === 0 ? F32(d + 1) : F32(d + F32(pj * F32(Math.log(F32(pj / qj)))));
  }
  return d;
}
