/** The part of papaparse that the report uses; its published types drag in those of Node. */
declare module 'papaparse' {
  interface UnparseConfig {
    readonly newline?: string;
    readonly delimiter?: string;
  }
  const Papa: {
    /** Joins cells to lines, quoted where a cell needs it; no newline behind the last. */
    unparse(rows: readonly (readonly string[])[], config?: UnparseConfig): string;
  };
  // biome-ignore lint/style/noDefaultExport: a CommonJS package has nothing else
  export default Papa;
}
