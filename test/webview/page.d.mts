/** Builds and serves the page; `origin` is its address without a trailing slash. */
export function servePage(options?: {
  readonly host?: string;
  readonly model?: Uint8Array;
}): Promise<{ readonly origin: string; close(): Promise<void> }>;
