import type { WideCodes } from '../kernels/kernelSet.ts';

export function isWide(codes: unknown): codes is WideCodes {
  return codes instanceof Int16Array || codes instanceof Uint16Array;
}
