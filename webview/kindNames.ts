import { t } from './l10n.ts';

/** Fields of queries whose texts are a few words of ours, and not of the model. */
const FIELDS: ReadonlySet<string> = new Set(['form', 'role', 'kind', 'skipped', 'supported', 'quantized']);

/** What a query's text for one of a few kinds is called in the user's language; texts of other fields as they are. */
export function choiceName(field: string, text: string): string {
  return FIELDS.has(field) ? kindName(text) : text;
}

/** How a node ran, what a tensor is, yes and no: `integer` as a query has it, in the user's language. */
export function kindName(kind: string): string {
  const names: Readonly<Record<string, string>> = {
    integer: t('integer'),
    float: t('float'),
    fused: t('fused'),
    skipped: t('skipped'),
    constant: t('constant'),
    Input: t('Input'),
    Output: t('Output'),
    Weight: t('Weight'),
    Activation: t('Activation'),
    yes: t('yes'),
    no: t('no'),
  };
  return names[kind] ?? kind;
}
