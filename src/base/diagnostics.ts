/** Where a diagnostic points: a file, and as far as known the node, tensor, channel, line (1-based) or config key. */
export interface Location {
  readonly file: string;
  readonly node?: string;
  readonly opType?: string;
  readonly tensor?: string;
  readonly channel?: number;
  /** 1-based. */
  readonly line?: number;
  /** 1-based column of the first character, with `endColumn` just past the last. */
  readonly column?: number;
  readonly endColumn?: number;
  readonly key?: string;
}

export type Severity = 'error' | 'warning' | 'note';

/** One message about the user's input: what was found, what was expected, and the nearest valid choice. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Family and number: ONX file, SHP facts, EXE run, QNT quantize, CFG config, DAT data, RPT report, IPC messages. */
  readonly code: string;
  readonly message: string;
  readonly at: Location;
  /** What may be written at its place instead, where that is known. */
  readonly suggestion?: string;
  /** Lines of the config that would put it right, where they are known. */
  readonly settings?: readonly Setting[];
}

/** A line `key=value` of a section of the config; '' where the value is the user's to choose. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** Carries a {@link Diagnostic} through code that cannot go on. */
export class DiagnosticError extends Error {
  readonly diagnostic: Diagnostic;
  /** Everything found, {@link diagnostic} included: a config is judged as a whole. */
  readonly all: readonly Diagnostic[];

  constructor(diagnostic: Diagnostic, options?: { readonly cause?: unknown; readonly all?: readonly Diagnostic[] }) {
    super(formatDiagnostic(diagnostic), options);
    this.name = 'DiagnosticError';
    this.diagnostic = diagnostic;
    this.all = options?.all ?? [diagnostic];
  }
}

/** Throws the first error of `diagnostics`, all of them with it, if there is one. */
export function throwErrors(diagnostics: readonly Diagnostic[]): void {
  const first = diagnostics.find((d) => d.severity === 'error');
  if (first !== undefined) throw new DiagnosticError(first, { all: diagnostics });
}

/** `CFG104 full.cfg:12: message` or `EXE301 model.onnx, node up4 (Resize): message`. */
export function formatDiagnostic(d: Diagnostic): string {
  const { file, line, node, opType, tensor, channel } = d.at;
  let place = line === undefined ? file : `${file}:${line}`;
  if (node !== undefined) place += `, node ${node}${opType === undefined ? '' : ` (${opType})`}`;
  if (tensor !== undefined) place += `, tensor ${tensor}`;
  if (channel !== undefined) place += `, channel ${channel}`;
  return `${d.code} ${place}: ${d.message}`;
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}

/** Throws when `condition` is false: wrong code, never wrong input. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant: ${message}`);
}

/** The nearest of `choices` to `word` by edit distance, for "did you mean"; `undefined` when none is near. */
export function nearest(word: string, choices: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const choice of choices) {
    const d = editDistance(word.toLowerCase(), choice.toLowerCase(), bestDistance);
    if (d < bestDistance) {
      best = choice;
      bestDistance = d;
    }
  }
  return best;
}

function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
