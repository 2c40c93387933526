import { type Diagnostic, DiagnosticError, type Location } from '../../base/diagnostics.ts';
import type { Candidate } from './autoTune.ts';
import type { TunedStep } from './mixedBit.ts';

const NAMES_SHOWN = 3;

/** `a, b, c and 4 more`. */
function listed(names: readonly string[]): string {
  const rest = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

const make = (severity: 'note' | 'warning', code: string, at: Location, message: string): Diagnostic => ({
  severity,
  code,
  message,
  at,
});

/** QNT301: weights with few elements per channel, which converter_lite leaves float without a word. */
export function shortChannels(at: Location, names: readonly string[], strict: boolean): Diagnostic {
  const what = strict
    ? 'stay float, as in converter_lite; strict_reference=false quantizes them'
    : 'are quantized; converter_lite leaves them float without a word';
  const message = `${names.length} weights with few elements per channel ${what}: ${listed(names)}`;
  return make(strict ? 'warning' : 'note', 'QNT301', at, message);
}

/** QNT302: weights whose codes and parameters take no less room than float32. */
export function noGain(at: Location, names: readonly string[]): Diagnostic {
  const message = `${names.length} weights stay float, since codes and parameters would take no less room: ${listed(names)}`;
  return make('note', 'QNT302', at, message);
}

/** QNT303: weights with one set of parameters, whose correction converter_lite stores and does not use. */
export function singleCorrection(at: Location, names: readonly string[], strict: boolean): Diagnostic {
  const what = strict
    ? 'are not restored, as in converter_lite; strict_reference=false restores them'
    : 'are restored; converter_lite stores what would do so, and does not use it';
  const message = `mean and deviation of ${names.length} weights with one set of parameters ${what}: ${listed(names)}`;
  return make(strict ? 'warning' : 'note', 'QNT303', at, message);
}

/** QNT304: no step was found, or what it makes is too large. */
export function noStep(at: Location, why: string, bits: number): Diagnostic {
  const inReference = bits === 8 ? 'as in converter_lite' : 'which is as exact; converter_lite would take 8 bits';
  return make(
    'warning',
    'QNT304',
    at,
    `${why}, so this weight has ${bits}-bit codes instead of mixed bits, ${inReference}`,
  );
}

/** QNT305: products that share a weight get one set of parameters. */
export function sharedPerLayer(at: Location, names: readonly string[]): Diagnostic {
  const message = `several matrix products share ${listed(names)}: one set of parameters, as in converter_lite; strict_reference=false keeps them per channel`;
  return make('warning', 'QNT305', at, message);
}

/** QNT306: a weight is stored twice, for a node that is left float. */
export function keptFloat(at: Location, names: readonly string[]): Diagnostic {
  const message = `${listed(names)}: nodes that are left float share it with quantized ones, so that it is stored in both forms; converter_lite quantizes it for all of them`;
  return make('note', 'QNT306', at, message);
}

/** QNT307: what dequant_strategy = ON_THE_FLY does. */
export function onTheFly(at: Location): Diagnostic {
  const message =
    'ON_THE_FLY: below 8 bits weights are stored entropy-coded, from 8 on as plain codes; they become float32 when the model is loaded here, and the results are the same';
  return make('note', 'QNT307', at, message);
}

/** QNT308: auto_tune compares float outputs, and there are none. */
export function untunable(at: Location): DiagnosticError {
  const message = 'auto_tune compares float outputs, and the model has none; set auto_tune=false and choose init_scale';
  return new DiagnosticError({ severity: 'error', code: 'QNT308', message, at });
}

/** QNT309: no candidate of auto_tune keeps the target. */
export function notTunable(
  at: Location,
  { target, rule }: { readonly target: number; readonly rule: TunedStep['rule'] },
  tried: readonly Candidate[],
): DiagnosticError {
  const best = tried.reduce((a, b) => (b.cosine > a.cosine ? b : a));
  const ways =
    rule === 'search'
      ? 'Lower [quantscope] auto_tune_target, or skip nodes that lose most'
      : 'Set [quantscope] strict_reference=false, whose steps become as fine as it takes, lower auto_tune_target, skip nodes that lose most, or try bit_num=8';
  const message = `none of ${tried.length} scales keeps a mean cosine similarity of ${target} at the outputs; the best is init_scale = ${scaleText(best, rule)} with ${best.cosine.toFixed(6)}. ${ways}`;
  return new DiagnosticError({ severity: 'error', code: 'QNT309', message, at });
}

/** QNT310: what auto_tune chose, and how to keep it. */
export function tunedTo(
  at: Location,
  best: Candidate,
  { tried, samples, rule }: { readonly tried: number; readonly samples: number; readonly rule: TunedStep['rule'] },
): Diagnostic {
  const text = scaleText(best, rule);
  const keep =
    rule === 'search'
      ? `auto_tune=false with init_scale=${text} makes the same model without a search`
      : 'its steps, as in converter_lite, are not those of an init_scale in the config';
  const message = `auto_tune chose init_scale = ${text} of ${tried} candidates: mean cosine similarity ${best.cosine.toFixed(6)} over ${samples} samples, ${best.ratio.toFixed(2)} times smaller; ${keep}`;
  return make('note', 'QNT310', at, message);
}

function scaleText({ scale, initScale }: Candidate, rule: TunedStep['rule']): string {
  return rule === 'search' ? String(initScale) : `1/${scale}`;
}

/** QNT311: auto_tune without a weight to tune. */
export function nothingToTune(at: Location): Diagnostic {
  return make('warning', 'QNT311', at, 'auto_tune has nothing to do: no weight is quantized');
}

/** QNT312: images that converter_lite has built in. */
export function noImages(at: Location): Diagnostic {
  const message =
    'use_cv_data: no images are built in here, so that auto_tune is judged on pseudo-random data, as converter_lite does without it; name samples with calibrate_path';
  return make('warning', 'QNT312', at, message);
}

/** QNT313: what quant_strategy = GPTQ coded. */
export function roundedByInputs(at: Location, products: number, others: number): Diagnostic {
  const message = `GPTQ: ${products} weights of matrix products are coded by the inputs of the calibration samples${others === 0 ? '' : `; ${others} others are rounded, being no matrix of at most 4096 inputs with parameters per output`}`;
  return make('note', 'QNT313', at, message);
}

/** QNT314: nodes in skip_quant_node whose weights are in codes nevertheless, since others share them. */
export function codedAnyway(at: Location, names: readonly string[]): Diagnostic {
  const message = `${listed(names)}: a node of skip_quant_node shares it with quantized ones, so that it is in codes there too, as in converter_lite; strict_reference=false keeps it float`;
  return make('warning', 'QNT314', at, message);
}

/** QNT315: recurrent weights, of which converter_lite knows LSTM alone. */
export function recurrentWeights(at: Location, names: readonly string[]): Diagnostic {
  const message = `${names.length} weights of recurrent operators have parameters per row of a gate (${listed(names)}); converter_lite leaves those of GRU and RNN float, and gives LSTM one set per direction, its biases too`;
  return make('note', 'QNT315', at, message);
}

/** QNT316: a weight of which converter_lite does not see the smallest element. */
export function unseenSmallest(at: Location): Diagnostic {
  const message =
    'the step is searched from the whole range; converter_lite passes over elements that are new largest ones when it looks for the smallest, and would start from another range';
  return make('note', 'QNT316', at, message);
}
