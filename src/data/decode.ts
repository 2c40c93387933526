import { DECODERS } from '../images/decoders.ts';
import { exifOrientation } from '../images/exif.ts';
import { formatOf, MAX_PIXELS, swapRedBlue, TooManyPixels } from '../images/raster.ts';
import { brokenImage, imageTooLarge, notAnImage } from './errors.ts';
import { type Image, oriented } from './image.ts';

/**
 * Decodes an image, its format told by content, as OpenCV's default does: 8 bits, B G R, alpha dropped, grey expanded,
 * turned as its Exif orientation says; of 16 bits the upper byte.
 *
 * @param file for messages.
 * @throws DiagnosticError DAT201 (another format), DAT202 (damaged), DAT203 (too large).
 */
export function decodeImage(bytes: Uint8Array, file: string): Image {
  const format = formatOf(bytes);
  if (format === undefined) throw notAnImage(file, whatElse(bytes));
  const { name, decode } = DECODERS[format];
  try {
    const { width, height, data } = decode(bytes);
    swapRedBlue(data);
    return oriented({ width, height, channels: 3, data }, exifOrientation(bytes));
  } catch (cause) {
    if (cause instanceof TooManyPixels) throw imageTooLarge(file, cause.width, cause.height, MAX_PIXELS);
    throw brokenImage(file, name, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

const OTHERS: readonly (readonly [magic: string, name: string])[] = [
  ['GIF8', 'a GIF image'],
  ['RIFF', 'a RIFF file that is no WebP image'],
  ['\x93NUMPY', 'an .npy array (use input_type = BIN)'],
  ['PK\x03\x04', 'a ZIP archive (an .npz one is read with input_type = BIN)'],
];

function whatElse(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  return OTHERS.find(([magic]) => start.startsWith(magic))?.[1] ?? `a file that starts with ${hex(bytes)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, '0')).join(' ');
}

/** Images that are read more than once: the first ones stay as pixels, as far as `budgetBytes` reach. */
export class DecodedImages {
  readonly #images = new Map<string, Image>();
  #free: number;

  constructor(budgetBytes: number) {
    this.#free = budgetBytes;
  }

  of(path: string): Image | undefined {
    return this.#images.get(path);
  }

  put(path: string, image: Image): void {
    if (image.data.length > this.#free || this.#images.has(path)) return;
    this.#free -= image.data.length;
    this.#images.set(path, image);
  }
}
