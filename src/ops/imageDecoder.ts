import { DECODERS } from '../images/decoders.ts';
import { formatOf, IMAGE_FORMAT_LIST, type ImageFormat, type Raster, swapRedBlue } from '../images/raster.ts';
import { dimsOfRank } from './facts.ts';
import { defineOp, type OpDef } from './opDef.ts';

/** Luma of R, G, B in 16 bits of fraction, rounded (ITU-R 601-2). */
function greyOf(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length / 3);
  for (let i = 0; i < out.length; i++) {
    const [r, g, b] = [data[3 * i], data[3 * i + 1], data[3 * i + 2]] as [number, number, number];
    out[i] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
  }
  return out;
}

/** The pixels [height, width, channels] of an encoded image. */
const imageDecoder = defineOp({
  type: 'ImageDecoder',
  domain: '',
  since: 20,
  arity: [1, 1],
  attributes: { pixel_format: { kind: 'string', default: 'RGB' } },
  layout: { kind: 'plain' },
  infer: (context) => {
    dimsOfRank(context, 0, 1);
    const { dtype } = context.input(0);
    if (dtype !== 'uint8') context.fail(`the encoded image is ${dtype}, expected uint8`);
    const { pixel_format } = context.attributes;
    const channels = { RGB: 3, BGR: 3, Grayscale: 1 }[pixel_format];
    if (channels === undefined) return context.fail(`pixel_format ${pixel_format} is not RGB, BGR or Grayscale`);
    return [{ dtype: 'uint8', dims: [context.symbol('height'), context.symbol('width'), channels] }];
  },
  run: (context) => {
    const bytes = context.input(0).data as Uint8Array; // infer checked the type
    const format = formatOf(bytes);
    if (format === undefined) return context.fail(`the image is none of ${IMAGE_FORMAT_LIST}`);
    const { pixel_format } = context.attributes;
    const { width, height, data } = decoded(format, bytes, context.fail);
    const out = context.output(0, 'uint8', [height, width, pixel_format === 'Grayscale' ? 1 : 3]);
    out.data.set(pixel_format === 'Grayscale' ? greyOf(data) : data);
    if (pixel_format === 'BGR') swapRedBlue(out.data);
    return [out];
  },
  quant: () => ({ kind: 'float', why: 'It reads an encoded image, which is no quantity.' }),
});

function decoded(format: ImageFormat, bytes: Uint8Array, fail: (message: string) => never): Raster {
  try {
    return DECODERS[format].decode(bytes);
  } catch (cause) {
    return fail(`the ${DECODERS[format].name} image is not decoded: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** Images within models. */
export const imageDecoderOps: readonly OpDef[] = [imageDecoder];
