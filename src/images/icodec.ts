// The package's main entry brings the codecs of all its formats along; its files are imported one by one.

import jpegWasm from 'icodec/jpeg-dec.wasm';
import webpWasm from 'icodec/webp-dec.wasm';
import createJpeg from '../../node_modules/icodec/dist/mozjpeg.js';
import createWebp from '../../node_modules/icodec/dist/webp-dec.js';
import type { Raster } from './raster.ts';

/** What a decoder made of an image, and what it wrote to its error output, line by line. */
export interface Decoded {
  /** Undefined where the image cannot be decoded. */
  readonly raster: Raster | undefined;
  readonly messages: readonly string[];
}

/** The part of icodec's modules that decodes. */
interface DecoderModule {
  readonly instantiateWasm: (
    imports: NonNullable<ConstructorParameters<typeof WebAssembly.Instance>[1]>,
    done: (instance: WebAssembly.Instance) => void,
  ) => WebAssembly.Instance['exports'];
  readonly printErr: (line: string) => void;
  /** All memory of the instance. */
  readonly HEAPU8?: Uint8Array;
  /** Gives its pixels to `_icodec_ImageData`. */
  decode?(bytes: Uint8Array): unknown;
}

/** An instance gives memory back with its end only. One that took more for an image is not kept for the next. */
const KEPT_BYTES = 64 * 2 ** 20;

/** mozjpeg's decoder, which is libjpeg-turbo's. @throws WebAssembly.RuntimeError where the code fails. */
export const decodeWithMozjpeg = decoder(createJpeg, jpegWasm);

/** libwebp's decoder. @throws WebAssembly.RuntimeError where the code fails. */
export const decodeWithLibwebp = decoder(createWebp, webpWasm);

/**
 * A decoder of icodec; alpha is dropped. Its code is compiled once, with the first image. An instance serves until an
 * image fails or takes much memory: a damaged one leaves nothing behind, nor does a large one.
 *
 * @param create gives a module its functions, at once where `instantiateWasm` does not wait.
 * @throws WebAssembly.RuntimeError where the code fails, such as without memory.
 */
function decoder(
  create: (module: DecoderModule) => Promise<unknown>,
  wasm: Uint8Array<ArrayBuffer>,
): (bytes: Uint8Array) => Decoded {
  let code: WebAssembly.Module | undefined;
  let kept: DecoderModule | undefined;
  let messages: string[] = [];
  const start = (): DecoderModule => {
    code ??= new WebAssembly.Module(wasm);
    const module = moduleOf(code, (line) => messages.push(line));
    create(module).catch(() => undefined); // what fails here fails in decode too
    return module;
  };
  return (bytes) => {
    messages = [];
    const module = kept ?? start();
    kept = undefined;
    const raster = decodeWith(module, bytes);
    if (raster !== undefined && (module.HEAPU8?.length ?? 0) <= KEPT_BYTES) kept = module;
    return { raster, messages };
  };
}

function moduleOf(code: WebAssembly.Module, printErr: (line: string) => void): DecoderModule {
  return {
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(code, imports);
      done(instance);
      return instance.exports;
    },
    printErr,
  };
}

let taken: Raster | undefined;

/** What decoders call with their pixels. One for all: an instance looks it up once, by a name of globalThis. */
function take(rgba: Uint8ClampedArray, width: number, height: number): object {
  taken = { width, height, data: withoutAlpha(rgba) };
  return {};
}

function decodeWith(module: DecoderModule, bytes: Uint8Array): Raster | undefined {
  taken = undefined;
  Object.assign(globalThis, { _icodec_ImageData: take });
  try {
    module.decode?.(bytes);
  } catch (cause) {
    if (cause instanceof Error) throw cause; // others are the exit of a C program, which has said why
  }
  const raster = taken;
  taken = undefined;
  return raster;
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const data = new Uint8Array((rgba.length / 4) * 3);
  for (let i = 0, to = 0; i < rgba.length; i += 4) {
    data[to++] = rgba[i] as number;
    data[to++] = rgba[i + 1] as number;
    data[to++] = rgba[i + 2] as number;
  }
  return data;
}
