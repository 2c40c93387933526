/** Builds and serves the page; `origin` is its address without a trailing slash. */
export function servePage(): Promise<{ readonly origin: string; close(): Promise<void> }>;
