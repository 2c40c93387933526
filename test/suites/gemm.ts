/** Shapes around every tile edge: 4 rows, 8, 16 and 32 columns, pairs of k. */
export function gemmShapes(): readonly { readonly m: number; readonly k: number; readonly n: number }[] {
  const shapes = [];
  for (const m of [1, 2, 3, 4, 5, 7, 8, 9]) {
    for (const n of [1, 3, 7, 8, 9, 16, 17, 25, 31, 32, 33, 70]) {
      for (const k of [0, 1, 2, 3, 8, 33]) shapes.push({ m, k, n });
    }
  }
  return [...shapes, { m: 70, k: 300, n: 40 }, { m: 200, k: 2500, n: 9 }, { m: 0, k: 4, n: 4 }, { m: 4, k: 4, n: 0 }];
}
