import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KernelSet } from '../../src/kernels/kernelSet.ts';
import { EVIDENCE_LABELS } from '../../src/protocol/causes.ts';
import type { Cause, CauseId, DiagnosisView } from '../../src/protocol/diagnosisViews.ts';
import { describeWithShared } from '../helpers/sharedData.ts';
import { wasmKernels } from '../kernels/engines.ts';
import { type Weights, writeDamaged } from './damage.ts';
import { BASELINES, type Choices, configOf, MOBILENET, type RealModel, SQUEEZENET } from './realModels.ts';
import { openSession, printTable, temporaryFolder } from './workbench.ts';

vi.setConfig({ testTimeout: 600_000 }); // whole models, perhaps beside other work

const FAR = 100;
const FEW = { calibrationSamples: 6, evaluationSamples: 2 } as const;

interface Planted {
  readonly model: RealModel;
  readonly choices?: Choices;
  /** What is damaged of the model, or of its config. */
  readonly damage?: (weights: Weights) => Promise<void>;
  readonly config?: (text: string) => string;
  /** What the diagnosis is to name first. */
  readonly cause: CauseId;
  readonly place: string;
}

const PLANTED: Readonly<Record<string, Planted>> = {
  'an outlier channel in a weight': {
    model: { ...SQUEEZENET, ...FEW },
    choices: { perChannel: false },
    damage: (weights) => scaleChannels(weights, 'Conv_33', (c) => c === 5),
    cause: 'dominatingChannel',
    place: 'Conv_33',
  },
  'an Add with ranges 100:1': {
    model: { ...MOBILENET, ...FEW },
    damage: (weights) => scaleChannels(weights, 'Conv_601', (c) => c % 8 === 0),
    cause: 'unlikeRanges',
    place: 'Add_607',
  },
  'a clipped activation': {
    model: { ...BASELINES.ultraface, ...FEW },
    config: (text) => `${text}node_overrides=Relu_13:range(0..0.6)\n`,
    cause: 'clipping',
    place: 'Conv_12',
  },
};

/** Samples prepared otherwise than the model was trained with, and the setting that is to be advised. */
const MISPREPARED: Readonly<Record<string, { model: RealModel; wrong: Record<string, string>; right: RegExp }>> = {
  'a wrong mean': {
    model: { ...SQUEEZENET, ...FEW, calibrationSamples: 16 },
    wrong: { normalize_mean: '[0,0,0]' },
    right: /normalize_mean=\[1[0-2]\d/,
  },
  'BGR for RGB': {
    model: { ...MOBILENET, ...FEW, calibrationSamples: 16 },
    wrong: { image_to_format: 'BGR' },
    right: /image_to_format=RGB/,
  },
};

/** Causes whose own cures would have to help where they are named. */
const CURABLE: readonly CauseId[] = [
  'clipping',
  'calibrationRange',
  'outliers',
  'dominatingChannel',
  'deadChannels',
  'unlikeRanges',
];

describeWithShared('planted faults', () => {
  const folder = temporaryFolder();
  let kernels: KernelSet;
  const rows: Record<string, string>[] = [];

  beforeAll(async () => {
    kernels = await wasmKernels();
  });
  afterAll(() => {
    folder.remove();
    printTable('planted faults', rows);
  });

  test.each(Object.entries(PLANTED))('%s: place and cause are named first', async (name, planted) => {
    const view = await diagnosed(kernels, planted, await pathOf(planted, join(folder.path, `${planted.cause}.onnx`)));
    const [first] = view.causes;
    rows.push({
      ...{ planted: `${name} at ${planted.place}`, named: `${first?.id} at ${first?.handle}` },
      ...{ cosine: view.quantized.toFixed(6), cured: (first?.cures[0]?.after ?? Number.NaN).toFixed(6) },
      with: first?.cures[0]?.kind ?? '',
    });
    expect([first?.id, first?.handle]).toEqual([planted.cause, planted.place]);
    expect(first?.cures[0]?.gain).toBeGreaterThan(0);
  });

  test.each(Object.entries(MISPREPARED))(
    '%s: the right one is advised first',
    async (name, { model, wrong, right }) => {
      const advised = await advisedFor(kernels, { ...model, preprocess: { ...model.preprocess, ...wrong } });
      rows.push({ planted: name, named: advised });
      expect(advised).toMatch(right);
    },
  );

  test.each(Object.entries(PLANTED))('%s: undamaged, no cause is named that does not hold', async (_, planted) => {
    const { damage: _damage, config: _config, ...undamaged } = planted;
    const view = await diagnosed(kernels, undamaged, planted.model.path);
    expect(view.causes.map((c) => `${c.id} ${c.handle}`)).not.toContain(`${planted.cause} ${planted.place}`);
    for (const cause of view.causes) expect(contradictions(cause)).toEqual([]);
  });
});

/** Scales output channels of a convolution, and what reads them back: the float model stays, but for a residual beside it. */
async function scaleChannels(weights: Weights, handle: string, isHit: (channel: number) => boolean): Promise<void> {
  const producer = weights.node(handle);
  const first = (i: number, [, ...inner]: readonly number[]): number => Math.floor(i / product(inner));
  const second = (i: number, [, count = 1, ...inner]: readonly number[]): number =>
    Math.floor(i / product(inner)) % count;
  await weights.change(producer, 1, (x, i, dims) => (isHit(first(i, dims)) ? FAR * x : x));
  await weights.change(producer, 2, (x, i) => (isHit(i) ? FAR * x : x));
  const readers = weights.readers(producer).flatMap((n) => (n.opType === 'Add' ? weights.readers(n) : [n]));
  for (const reader of readers) await weights.change(reader, 1, (x, i, dims) => (isHit(second(i, dims)) ? x / FAR : x));
}

function product(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

async function pathOf({ model, damage }: Planted, path: string): Promise<string> {
  if (damage === undefined) return model.path;
  await writeDamaged(model.path, path, damage);
  return path;
}

async function diagnosed(
  kernels: KernelSet,
  { model, choices, config }: Pick<Planted, 'model' | 'choices' | 'config'>,
  path: string,
): Promise<DiagnosisView> {
  const session = await openSession(path, kernels);
  const text = configOf(model, choices);
  await session.quantize({ configText: config?.(text) ?? text, configPath: `${model.path}.cfg` });
  const request = { judge: { id: 'cosine' }, samples: 2, nodes: 2, cures: true, data: false } as const;
  const view = await session.diagnoses.run(request, () => undefined);
  session.forgetRun();
  return view;
}

/** The settings that the first finding of the data advises; '' for none. */
async function advisedFor(kernels: KernelSet, model: RealModel): Promise<string> {
  const session = await openSession(model.path, kernels);
  await session.quantize({ configText: configOf(model), configPath: `${model.path}.cfg` });
  const request = { judge: { id: 'cosine' }, samples: 1, nodes: 1, cures: false, data: true } as const;
  const { data } = await session.diagnoses.run(request, () => undefined);
  session.forgetRun();
  const [first] = data;
  if (first?.kind !== 'preprocessing' || !first.advised) return '';
  return (first.change.settings ?? []).map(({ key, value }) => `${key}=${value}`).join(' ');
}

/**
 * What of a named cause does not hold: figures that are not beyond what is healthy, a range or channel that is not what the
 * cause says, and causes that their own cures do nothing for. Blamed nodes must have a loss that leaving them float wins.
 */
function contradictions({ id, blame, evidence, cures }: Cause): string[] {
  const of = (label: string): number[] => evidence.filter((e) => e.label === label).map((e) => e.value);
  const most = (label: string): number => Math.max(...of(label));
  const holds: Readonly<Partial<Record<CauseId, boolean>>> = {
    clipping: most(EVIDENCE_LABELS.clippedShare) > 0 && most(EVIDENCE_LABELS.clipNoise) > 1,
    calibrationRange: Math.abs(Math.log2(most(EVIDENCE_LABELS.evaluationRange))) > 0,
    outliers: most(EVIDENCE_LABELS.wins) > 6 && most(EVIDENCE_LABELS.codesUsed) < 1,
    dominatingChannel: most(EVIDENCE_LABELS.channelSpread) > 8 && Math.min(...of(EVIDENCE_LABELS.middleCodes)) < 32,
    deadChannels: most(EVIDENCE_LABELS.lostChannels) > 0.25,
    unlikeRanges: most(EVIDENCE_LABELS.rangeRatio) > 8,
    weights: most(EVIDENCE_LABELS.weightShare) > 0.5,
    activations: most(EVIDENCE_LABELS.weightShare) <= 0.5,
    carried: most(EVIDENCE_LABELS.ownShare) < 0.1,
    floatIsland: most(EVIDENCE_LABELS.conversions) > 0,
  };
  return [
    ...(holds[id] === true ? [] : [`${id}: its figures do not speak for it`]),
    ...(CURABLE.includes(id) && cures.length === 0 ? [`${id}: nothing helps against it`] : []),
    ...(id !== 'carried' && id !== 'floatIsland' && blame <= 0 ? [`${id}: nothing is lost by it`] : []),
  ];
}
