import type { NumericArray } from '../../base/dtype.ts';
import type { Span, TensorSlice } from '../../protocol/tensorViews.ts';
import { type Page, placesOf } from './plane.ts';
import { fitsFloat32, type ShownTensor, scalesOf } from './shownTensor.ts';

/** The part of a page that is on screen: all sides of its elements, row by row. */
export function sliceOf(shown: ShownTensor, page: Page, [rows, columns]: readonly [Span, Span]): TensorSlice {
  const places = placesOf(page, rows, columns);
  return { rows, columns, ...elementsAt(shown, places), scale: sliceScales(shown, places) };
}

/** The elements at these places, side by side. */
export function elementsAt(
  { float, dequantized, codes }: ShownTensor,
  places: Float64Array,
): Pick<TensorSlice, 'float' | 'dequantized' | 'codes'> {
  return {
    float: picked(
      float,
      places,
      fitsFloat32(float) ? new Float32Array(places.length) : new Float64Array(places.length),
    ),
    dequantized: dequantized === undefined ? null : picked(dequantized, places, new Float32Array(places.length)),
    codes: codes === undefined ? null : picked(codes, places, new Int32Array(places.length)),
  };
}

/** The scale behind the codes of each of these places. */
export function scalesAt(shown: ShownTensor, places: Float64Array): Float32Array | null {
  const scales = scalesOf(shown);
  return scales === undefined ? null : Float32Array.from(places, (i) => scales.scale[scales.channelOf(i)] as number);
}

function sliceScales(shown: ShownTensor, places: Float64Array): Float32Array | null {
  const scales = scalesOf(shown);
  return scales?.scale.length === 1 ? scales.scale.slice() : scalesAt(shown, places);
}

/** Integers of 64 bits become the nearest float64. */
function picked<T extends Float32Array | Float64Array | Int32Array>(x: NumericArray, places: Float64Array, out: T): T {
  for (let i = 0; i < places.length; i++) out[i] = Number(x[places[i] as number]);
  return out;
}
