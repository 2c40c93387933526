import type { Diagnostic } from '../src/protocol/rpc.ts';

/** IPC007: no layout worker; the layout runs in the view and may pause it. */
export function noLayoutWorker(reason: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'IPC007',
    message: `the layout worker could not be started (${reason}); the graph is laid out in the view, which may pause it`,
    at: { file: 'view' },
  };
}

/** IPC008: the layout failed: wrong code, never a wrong graph. */
export function layoutFailed(file: string, cause: unknown): Diagnostic {
  const text = cause instanceof Error ? cause.message : String(cause);
  return { severity: 'error', code: 'IPC008', message: `the graph could not be laid out: ${text}`, at: { file } };
}

/** IPC012: a file that holds no values of nodes. */
export function overlayUnreadable(file: string, why: string): Diagnostic {
  const message = `no values of nodes were found: ${why}; expected a file saved here, or node data of Model Explorer`;
  return { severity: 'error', code: 'IPC012', message, at: { file } };
}

/** IPC013: values of a file that have no node in this model, or are no numbers. */
export function overlayWithoutNodes(
  file: string,
  { unknown, notNumbers, model }: { unknown: readonly string[]; notNumbers: readonly string[]; model: string },
): Diagnostic {
  const parts = [
    unknown.length === 0 ? '' : `${unknown.length} names are of no node of ${model}: ${firstOf(unknown)}`,
    notNumbers.length === 0 ? '' : `${notNumbers.length} values are no numbers: ${firstOf(notNumbers)}`,
  ];
  const message = `${parts.filter((p) => p !== '').join('; ')}; the others are shown`;
  return { severity: 'warning', code: 'IPC013', message, at: { file } };
}

const MOST_NAMES = 5;

function firstOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES ? `${shown}, …` : shown;
}
