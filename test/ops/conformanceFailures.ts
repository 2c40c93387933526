/** Cases of the ONNX backend suite that fail though all their operators are defined. Must shrink. */
export const KNOWN_FAILURES: ReadonlySet<string> = new Set([]);
