import { causeRow, cureTitle } from '../protocol/causes.ts';
import type { ConfigChange } from '../protocol/changes.ts';
import type { CauseId, Cure, DataFinding, DiagnosisView, Evidence, Reference } from '../protocol/diagnosisViews.ts';
import type { JudgeChoice } from '../protocol/sensitivityViews.ts';

/** Raised when a field changes its meaning or goes; new fields may come without. */
export const DIAGNOSIS_SCHEMA_VERSION = 1;

/** `diagnose --json`, and `diagnosis` in report.json. Shares are fractions 0..1; what is not finite is null. */
export interface DiagnosisJson {
  readonly schemaVersion: typeof DIAGNOSIS_SCHEMA_VERSION;
  readonly judge: JudgeChoice;
  readonly samples: number;
  readonly float: number | null;
  readonly quantized: number | null;
  /** Worst first. */
  readonly causes: readonly CauseJson[];
  readonly data: readonly DataFindingJson[];
  readonly reference: ReferenceJson | null;
  readonly together: CureJson | null;
  readonly whole: { readonly cures: readonly CureJson[]; readonly tried: readonly CureJson[] } | null;
}

export interface CauseJson {
  readonly id: CauseId;
  readonly title: string;
  readonly node: string;
  readonly opType: string;
  readonly blame: number | null;
  readonly certainty: number | null;
  readonly evidence: readonly EvidenceJson[];
  readonly cures: readonly CureJson[];
  /** Tried, without help. */
  readonly tried: readonly CureJson[];
}

export interface EvidenceJson {
  readonly label: string;
  readonly value: number | null;
  readonly unit: Evidence['unit'];
  readonly healthy: number | null;
  readonly tensor: string | null;
  readonly channel: number | null;
  readonly sample: string | null;
}

export interface CureJson {
  readonly kind: string;
  readonly title: string;
  readonly before: number | null;
  readonly after: number | null;
  readonly gain: number | null;
  readonly bytes: number;
  readonly integerShare: number;
  readonly wideShare: number;
  readonly nodes: number | null;
  readonly change: Required<ConfigChange>;
}

/** As {@link DataFinding}, evidence in its JSON form and whole changes. */
export type DataFindingJson = Readonly<Record<string, unknown>> & { readonly kind: DataFinding['kind'] };
export type ReferenceJson = Readonly<Record<string, unknown>> & { readonly kind: Reference['kind'] };

/** A diagnosis for scripts: without times, so that the same run says the same bytes. */
export function diagnosisJson(view: DiagnosisView): DiagnosisJson {
  return {
    schemaVersion: DIAGNOSIS_SCHEMA_VERSION,
    judge: view.request.judge,
    samples: view.samples,
    float: finite(view.float),
    quantized: finite(view.quantized),
    causes: view.causes.map(({ id, handle, opType, blame, certainty, evidence, cures, tried }) => ({
      id,
      title: causeRow(id).title,
      node: handle,
      opType,
      blame: finite(blame),
      certainty: finite(certainty),
      evidence: evidence.map(evidenceJson),
      cures: cures.map(cureJson),
      tried: tried.map(cureJson),
    })),
    data: view.data.map(dataJson),
    reference: view.reference && { ...view.reference },
    together: view.together && cureJson(view.together),
    whole: view.whole && { cures: view.whole.cures.map(cureJson), tried: view.whole.tried.map(cureJson) },
  };
}

function evidenceJson({ label, value, unit, healthy, tensor, channel, sample }: Evidence): EvidenceJson {
  return {
    label,
    value: finite(value),
    unit,
    healthy: healthy ?? null,
    tensor: tensor ?? null,
    channel: channel ?? null,
    sample: sample ?? null,
  };
}

function cureJson({ kind, change, before, after, gain, bytes, integerShare, wideShare, nodes }: Cure): CureJson {
  return {
    kind,
    title: cureTitle(kind),
    before: finite(before),
    after: finite(after),
    gain: finite(gain),
    bytes,
    integerShare,
    wideShare,
    nodes: nodes ?? null,
    change: wholeChange(change),
  };
}

function dataJson(finding: DataFinding): DataFindingJson {
  const evidence = finding.evidence.map(evidenceJson);
  if (finding.kind !== 'preprocessing') return { ...finding, evidence };
  return { ...finding, change: wholeChange(finding.change), evidence };
}

function wholeChange({ skip = [], unskip = [], overrides = {}, settings = [] }: ConfigChange): Required<ConfigChange> {
  return { skip, unskip, overrides, settings };
}

function finite(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}
