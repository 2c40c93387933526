/** Pixels of 8 bits, [H, W, C] in C order; three channels are B, G, R, as OpenCV holds them. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Pixels as float32, [H, W, C]. */
export interface FloatImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Float32Array;
}

/**
 * Turns an image as its Exif orientation says.
 *
 * @param orientation 1 to 8: 2 mirrored left to right, 3 by 180 degrees, 4 top to bottom, 5 to 8 the same after swapping
 * rows and columns (6 by 90 degrees clockwise, 8 counter-clockwise).
 */
export function oriented(image: Image, orientation: number): Image {
  if (orientation <= 1 || orientation > 8) return image;
  const { width: w, height: h, channels, data } = image;
  const swap = orientation >= 5;
  const flipX = [2, 3, 7, 8].includes(orientation); // of the source
  const flipY = [3, 4, 6, 7].includes(orientation);
  const out = new Uint8Array(data.length);
  const width = swap ? h : w;
  const height = swap ? w : h;
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sx = swap ? y : x;
      const sy = swap ? x : y;
      const from = ((flipY ? h - 1 - sy : sy) * w + (flipX ? w - 1 - sx : sx)) * channels;
      for (let c = 0; c < channels; c++) out[to++] = data[from + c] as number;
    }
  }
  return { width, height, channels, data: out };
}
