/** Marks the end of an exhaustive `switch`: a missing case does not compile. */
export function assertNever(x: never): never {
  throw new Error(`unreachable: ${String(x)}`);
}
