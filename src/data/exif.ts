/**
 * The orientation of a JPEG, 1 (upright) to 8; 1 where the file says none or says it badly.
 *
 * @source Exif 2.32, tag 0x0112 of IFD0 in the APP1 segment.
 */
export function exifOrientation(jpeg: Uint8Array): number {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  let at = 2;
  while (at + 4 <= jpeg.length && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    if (marker === 0xda || marker === 0xd9) break; // pixels begin
    const length = view.getUint16(at + 2);
    if (marker === 0xe1) {
      const tiff = at + 10; // marker, length, "Exif\0\0"
      const end = Math.min(at + 2 + length, jpeg.length);
      if (end > tiff + 8 && view.getUint32(at + 4) === 0x45786966) {
        return orientationOf(new DataView(jpeg.buffer, jpeg.byteOffset + tiff, end - tiff));
      }
    }
    at += 2 + length;
  }
  return 1;
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
