export function buildWasm(outFile: string): Promise<void>;
