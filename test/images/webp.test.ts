import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decode.ts';
import { formatOf, TooManyPixels } from '../../src/images/raster.ts';
import { decodeWebp } from '../../src/images/webp.ts';

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** Files of 7 x 5 pixels that OpenCV 4.14 and Pillow 12.3 wrote, and the B G R that OpenCV's imread gives of them. */
const CASES = {
  'lossless with alpha': {
    file: 'UklGRjQAAABXRUJQVlA4TCcAAAAvBgABELkKRPQ/dhHR/zCQCUP49NG/oAibiyERCCSpTrZqhjp9LBcA',
    pixels:
      'AAAAJAcXSA4ubBVFkBxctCNz2CqKADIXJDkuSEBFbEdckE5ztFWK2FyhAGQuJGtFSHJcbHlzkICKtIeh2I64AJZFJJ1cSKRzbKuKkLKhtLm42MDPAMhcJM9zSNaKbN2hkOS4tOvP2PLm',
  },
  lossy: {
    file: 'UklGRkQAAABXRUJQVlA4IDgAAADQAQCdASoHAAUAAoBCJbACdAEO/gOOAAD+7SGF15UuftIV+/38WcPAjz6Nv8fkGl7mji3C1HcAAA==',
    pixels:
      'DQUJIg8ZRBowZB9FjCRetDB60DWMFioeKzQuTD9GbURalUlzvVWP2VqhFGI4KWxIS3dgbHx1k4GNu42p15O7DY1IIpdYRKJwZaeFjKyetLi60L3MFr9mK8l2TdOQbtilld68verY2e/r',
  },
  'lossy with alpha': {
    file: 'UklGRmoAAABXRUJQVlA4WAoAAAAQAAAABgAABAAAQUxQSAwAAAABD/Cw/4iI0IOI/gdWUDggOAAAANABAJ0BKgcABQACgEIlsAJ0AQ7+A44AAP7tIYXXlS5+0hX7/fxZw8CPPo2/x+QaXuaOLcKuCcAA',
    pixels:
      'DQUJIg8ZRBowZB9FjCRetDB60DWMFioeKzQuTD9GbURalUlzvVWP2VqhFGI4KWxIS3dgbHx1k4GNu42p15O7DY1IIpdYRKJwZaeFjKyetLi60L3MFr9mK8l2TdOQbtilld68verY2e/r',
  },
  'turned by its Exif': {
    file: 'UklGRmQAAABXRUJQVlA4WAoAAAAIAAAABgAABAAAVlA4TCMAAAAvBgABALmM6H/sIqL/YVDUtg30LJ/yh3eOwdSLIYkJeJR0AgBFWElGGgAAAE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA',
    pixels:
      'AMhcAJZFAGQuADIXAAAAJM9zJJ1cJGtFJDkuJAcXSNaKSKRzSHJcSEBFSA4ubN2hbKuKbHlzbEdcbBVFkOS4kLKhkICKkE5zkBxctOvPtLm4tIehtFWKtCNz2PLm2MDP2I642Fyh2CqK',
  },
} as const;

const ANIMATED =
  'UklGRvQAAABXRUJQVlA4WAoAAAACAAAABgAABAAAQU5JTQYAAAAAAAAAAABBTk1GXAAAAAAAAAAAAAYAAAQAAAAAAAJWUDhMRAAAAC8GAAEAF0GQbTOmCtwf7QZDIhBItsifY7n5r0IKALD7DsAgAMCysdm2zoj+B6DKl3lDpkNdD+Imtv1iYVM/H5Euj+sHQU5NRmQAAAAAAAAAAAAGAAAEAAAAAAAAVlA4TEwAAAAvBgABABdBkG1DMJkK3B/tBgrSNmBhxOwIZBOML3+M5Oa/Cr0AAMu+AzAIALBsbLatM6L/8V8jO0m+05MV+N0tGo6eVYNm8J7FKwoA';

describe('WebP', () => {
  it.each(Object.entries(CASES))('%s has the pixels that OpenCV reads', (_name, { file, pixels }) => {
    expect(formatOf(bytes(file))).toBe('webp');
    expect(Buffer.from(decodeImage(bytes(file), 'x.webp').data).toString('base64')).toBe(pixels);
  });

  it('is refused with its name where it is animated', () => {
    expect(() => decodeImage(bytes(ANIMATED), 'a.webp')).toThrow(/^DAT202 a\.webp: the WebP image .* animated/);
  });

  it('that is cut short, or holds nothing, is an error; the next one decodes as before', () => {
    const { file, pixels } = CASES.lossy;
    const good = bytes(file);
    const broken = /its data is damaged|it holds no image|a size of/;
    for (let end = 12; end < good.length - 2; end += 3) expect(() => decodeWebp(good.subarray(0, end))).toThrow(broken);
    expect(Buffer.from(decodeImage(good, 'x.webp').data).toString('base64')).toBe(pixels);
  });

  it('that claims more pixels than are read is refused before memory is taken', () => {
    const huge = bytes(CASES['lossy with alpha'].file);
    huge.fill(0xff, 24, 30);
    expect(() => decodeWebp(huge)).toThrow(TooManyPixels);
  });
});
