/** The decoders of icodec; its published types bring in the DOM's. */
declare module '*/icodec/dist/webp-dec.js' {
  const create: (module: object) => Promise<unknown>;
  // biome-ignore lint/style/noDefaultExport: the file has nothing else
  export default create;
}

declare module '*/icodec/dist/mozjpeg.js' {
  const create: (module: object) => Promise<unknown>;
  // biome-ignore lint/style/noDefaultExport: the file has nothing else
  export default create;
}

declare module 'icodec/*.wasm' {
  /** Put there by the bundler, as the bytes of the file. */
  const bytes: Uint8Array<ArrayBuffer>;
  // biome-ignore lint/style/noDefaultExport: how bundlers give a file
  export default bytes;
}
