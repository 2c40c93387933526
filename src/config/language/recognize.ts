import { formerKey } from '../former.ts';
import { NO_SECTION, readIni } from '../ini.ts';
import { SECTIONS } from '../schema.ts';

/** The id of the language in editors. */
export const LANGUAGE_ID = 'quantscope-config';

/** Sections that nothing else has; those of other parts of converter_lite have names that others use as well. */
const OURS = new Set(SECTIONS.filter((s) => s.kind === 'keys').map((s) => s.name));

/** Whether a text is a quantization config: it has one of the sections, or is a flat file of former releases. */
export function isQuantConfig(text: string): boolean {
  if (/^ *\[/m.test(text)) return [...text.matchAll(/^ *\[([^\]\n]*)\]/gm)].some(([, name = '']) => OURS.has(name));
  if (!/^ *image_path *=/m.test(text)) return false;
  const flat = readIni(text, '').sections.find((s) => s.name === NO_SECTION)?.entries ?? [];
  return flat.filter((entry) => formerKey(entry.key)?.from === 'file').length > 1;
}
