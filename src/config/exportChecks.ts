import type { Diagnostic } from '../base/diagnostics.ts';
import * as errors from './errors.ts';
import type { KeyValues } from './keyValues.ts';

const OURS = 'quantscope';
const WIDE: ReadonlySet<string | undefined> = new Set(['int16', 'int4']);

/** Operators on codes take 8 bits: no node may be asked to have others. */
export function checkExport(s: KeyValues): Diagnostic[] {
  if (s.optionalWord<string>(OURS, 'export_format') !== 'QOPERATOR') return [];
  const wide = [...s.overrides(OURS, 'node_overrides')].flatMap(([name, { precision }]) =>
    WIDE.has(precision) ? [`${name}:${precision}`] : [],
  );
  if (wide.length === 0) return [];
  const message = `export_format = QOPERATOR has 8-bit operators only, and node_overrides asks for ${wide.join(', ')}`;
  return [errors.conflict(s.at(OURS, 'export_format'), message)];
}
