/** The part of icodec that decodes WebP; its published types bring in the DOM's. */
declare module '*/icodec/dist/webp-dec.js' {
  export interface WebpModule {
    /** Whatever `_icodec_ImageData` made of the pixels; nothing where the file cannot be decoded. */
    decode?(bytes: Uint8Array): unknown;
    instantiateWasm(
      imports: NonNullable<ConstructorParameters<typeof WebAssembly.Instance>[1]>,
      done: (instance: WebAssembly.Instance) => void,
    ): WebAssembly.Instance['exports'];
  }
  /** Gives the module its functions, at once where `instantiateWasm` does not wait. */
  const create: (module: WebpModule) => Promise<WebpModule>;
  // biome-ignore lint/style/noDefaultExport: the file has nothing else
  export default create;
}

declare module 'icodec/webp-dec.wasm' {
  /** Put there by the bundler, as the bytes of the file. */
  const bytes: Uint8Array<ArrayBuffer>;
  // biome-ignore lint/style/noDefaultExport: how bundlers give a file
  export default bytes;
}
