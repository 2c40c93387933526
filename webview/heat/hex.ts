/** Colours as `#rrggbb`, which every reader of a file knows; what a browser computes may be in any colour space. */
export function hexOf(colours: readonly string[]): string[] {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const pixel = canvas.getContext('2d', { willReadFrequently: true });
  return colours.map((colour) => {
    if (pixel === null) return colour;
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    const channels = pixel.getImageData(0, 0, 1, 1).data.subarray(0, 3);
    return `#${Array.from(channels, (c) => c.toString(16).padStart(2, '0')).join('')}`;
  });
}
