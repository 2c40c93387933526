import type { DiagnosisView } from '../../protocol/diagnosisViews.ts';
import type { SearchView } from '../../protocol/searchViews.ts';
import type { SensitivityRequest, SensitivityView } from '../../protocol/sensitivityViews.ts';

/** What long measurements of a model under one text of its config have found, as far as they came. */
export interface FoundViews {
  readonly sensitivity: SensitivityView | null;
  readonly search: SearchView | null;
  readonly diagnosis: DiagnosisView | null;
}

export type FindingKind = keyof FoundViews;

export const NOTHING_FOUND: FoundViews = { sensitivity: null, search: null, diagnosis: null };

export const FINDING_KINDS: readonly FindingKind[] = ['sensitivity', 'search', 'diagnosis'];

/** Whether a parsed file is what this version wrote. */
export function isFoundViews(value: unknown): value is FoundViews {
  if (typeof value !== 'object' || value === null) return false;
  const found = value as Partial<Record<FindingKind, unknown>>;
  const lists: Record<FindingKind, string> = { sensitivity: 'entries', search: 'tried', diagnosis: 'causes' };
  return FINDING_KINDS.every((kind) => {
    const view = found[kind];
    if (view === null) return true;
    return typeof view === 'object' && Array.isArray((view as Record<string, unknown>)[lists[kind]]);
  });
}

/** The part of a sweep that another one of the same request need not measure; nothing where it asks for something else. */
export function knownOf(view: SensitivityView | null, request: SensitivityRequest): SensitivityView['entries'] {
  return view !== null && sameRequest(view.request, request) ? view.entries : [];
}

function sameRequest(a: SensitivityRequest, b: SensitivityRequest): boolean {
  const parts = ({ mode, part, judge, samples, verify }: SensitivityRequest) =>
    JSON.stringify([mode, part, samples, verify, Object.entries(judge).sort()]);
  return parts(a) === parts(b);
}
