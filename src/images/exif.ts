import { jpegExif } from './jpeg.ts';
import { pngExif } from './png.ts';
import { formatOf } from './raster.ts';
import { webpExif } from './webp.ts';

/**
 * The orientation that a JPEG, PNG or WebP states, 1 (upright) to 8; 1 where the file says none or says it badly.
 *
 * @source Exif 2.32, tag 0x0112 of IFD0: in the APP1 segment of a JPEG, the eXIf chunk of a PNG, the EXIF chunk of a WebP.
 */
export function exifOrientation(bytes: Uint8Array): number {
  const tiff = tiffOf(bytes);
  return tiff === undefined || tiff.length < 8 ? 1 : orientationOf(viewOf(tiff));
}

function tiffOf(bytes: Uint8Array): Uint8Array | undefined {
  switch (formatOf(bytes)) {
    case 'jpeg':
      return jpegExif(bytes);
    case 'png':
      return pngExif(bytes);
    case 'webp':
      return webpExif(bytes);
    default:
      return undefined;
  }
}

function orientationOf(tiff: DataView): number {
  const little = tiff.getUint16(0) === 0x4949;
  const ifd = tiff.getUint32(4, little);
  if (ifd + 2 > tiff.byteLength) return 1;
  const entries = tiff.getUint16(ifd, little);
  for (let i = 0; i < entries; i++) {
    const entry = ifd + 2 + 12 * i;
    if (entry + 12 > tiff.byteLength) return 1;
    if (tiff.getUint16(entry, little) !== 0x0112) continue;
    const value = tiff.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
