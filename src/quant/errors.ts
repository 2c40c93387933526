import { type Diagnostic, DiagnosticError, type Location } from '../base/diagnostics.ts';

/** QNT201: a weight holds NaN or infinities, so it has no range. */
export function nonFiniteWeight(at: Location, nan: number, inf: number): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'QNT201',
    message: `the weight holds ${nan} NaN and ${inf} infinite values; a quantized weight needs finite ones. Repair the model or add the node to skip_quant_node`,
    at,
  });
}

/** QNT202: the range of a tensor is so small that its scale would be below the smallest normal float32. */
export function degenerateRange(at: Location, lo: number, hi: number): Diagnostic {
  return {
    severity: 'note',
    code: 'QNT202',
    message: `the range [${lo}, ${hi}] is too small for a float32 scale; scale 1 and zero point 0 are used, as ONNX Runtime does`,
    at,
  };
}

/** QNT203: calibration met values that are not numbers. */
export function nonFiniteActivation(at: Location, sample: string, nan: number, inf: number): Diagnostic {
  return {
    severity: 'warning',
    code: 'QNT203',
    message: `calibration sample ${sample} makes ${nan} NaN and ${inf} infinite values here, the first node that does; they are left out of the range`,
    at,
  };
}

/** QNT204: a tensor to quantize never had a finite value during calibration. */
export function noRange(at: Location, samples: number): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'QNT204',
    message: `no finite value was seen in ${samples} calibration samples, so the tensor has no range. Check the calibration data, or add its nodes to skip_quant_node`,
    at,
  });
}

/** QNT206: a name in skip_quant_node whose node the target leaves float anyway. */
export function idleSkip(at: Location, name: string, why: string): Diagnostic {
  return {
    severity: 'note',
    code: 'QNT206',
    message: `skip_quant_node names ${JSON.stringify(name)}, which is not quantized anyway: ${why}`,
    at,
  };
}

/** QNT207: int32 cannot hold a bias and the products at the scales' product, so the weight's scale was raised. */
export function raisedWeightScale(at: Location, channels: number, factor: number): Diagnostic {
  return {
    severity: 'warning',
    code: 'QNT207',
    message: `the bias does not fit into int32 in ${channels} channel${channels === 1 ? '' : 's'}; the weight's scale was raised by up to ${factor.toPrecision(3)} and the weight quantized again`,
    at,
  };
}

/** QNT208: nothing in the model is quantized. */
export function nothingToQuantize(file: string, why: string): Diagnostic {
  return { severity: 'warning', code: 'QNT208', message: `no node is quantized: ${why}`, at: { file } };
}

/** QNT209: the calibration method has no answer for a tensor, so its extremes are its range. */
export function extremesUsed(
  at: Location,
  method: string,
  { range, why }: { readonly range: { readonly lo: number; readonly hi: number }; readonly why: string },
): Diagnostic {
  return {
    severity: 'warning',
    code: 'QNT209',
    message: `the smallest and largest value, [${range.lo}, ${range.hi}], are the range instead of what ${method} would choose, because ${why}`,
    at,
  };
}

/** What a calibration method made of the ranges of a run. */
export interface ChosenRanges {
  readonly method: string;
  readonly samples: number;
  /** Of each value: its range as a share of its extremes, both holding 0. */
  readonly shares: readonly { readonly tensor: string; readonly share: number }[];
}

/** QNT210: how far ranges are from the extremes. @param shares at least one. */
export function rangesChosen(file: string, { method, samples, shares }: ChosenRanges): Diagnostic {
  const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;
  const mean = shares.reduce((sum, { share }) => sum + share, 0) / shares.length;
  const least = shares.reduce((a, b) => (b.share < a.share ? b : a));
  const what = shares.length === 1 ? 'the range of 1 activation' : `the ranges of ${shares.length} activations`;
  return {
    severity: 'note',
    code: 'QNT210',
    message: `${method} chose ${what} from ${samples} samples: on average ${percent(mean)} of what lies between the smallest and the largest value, least ${percent(least.share)} for ${least.tensor}`,
    at: { file, tensor: least.tensor },
  };
}

/** QNT231: words in node_overrides that change nothing. */
export function idleOverride(at: Location, name: string, why: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'QNT231',
    message: `node_overrides for ${JSON.stringify(name)} has no effect: ${why}`,
    at,
  };
}

/** QNT242: cross-layer equalization changed weights. */
export function balancedLayers(file: string, pairs: number, triples: number): Diagnostic {
  const found =
    pairs + triples === 0
      ? 'found no convolutions to balance: none reads what only another convolution makes, directly or through ReLU'
      : `balanced ${pairs} ${pairs === 1 ? 'pair' : 'pairs'} of convolutions and ${triples} with a depthwise one between; the float model compared with is the balanced one`;
  return { severity: 'note', code: 'QNT242', message: `cross-layer equalization ${found}`, at: { file } };
}

/** QNT250: where DYNAMIC_QUANT and the reference part for this model. */
export function differsFromReference(at: Location, differences: readonly string[]): Diagnostic {
  return {
    severity: 'note',
    code: 'QNT250',
    message: `converter_lite does otherwise (strict_reference=true does as it does): ${differences.join('; ')}`,
    at,
  };
}

/** QNT232: converter_lite's way with a bias that int32 does not hold, which makes channels wrong. */
export function scaleWithoutCodes(at: Location, channels: number): Diagnostic {
  return {
    severity: 'warning',
    code: 'QNT232',
    message: `the bias does not fit into int32 in ${channels} channel${channels === 1 ? '' : 's'}; as in converter_lite the weight's scale was raised and its codes were not, so that these channels are wrong. Without strict_reference the weight is quantized again`,
    at,
  };
}

/** QNT233: corrections that would take a bias too far in int32. */
export function droppedCorrections(at: Location, channels: number): Diagnostic {
  return {
    severity: 'warning',
    code: 'QNT233',
    message: `the bias of ${channels} channel${channels === 1 ? '' : 's'} would leave 0.6 of int32 when corrected; as in converter_lite it is left as it was`,
    at,
  };
}

/** QNT240: what the other value of strict_reference would change. */
export function strictDiffers(file: string, other: boolean, what: string, nodes: readonly string[]): Diagnostic {
  const shown = nodes.slice(0, 3).join(', ');
  const rest = nodes.length > 3 ? `, … ${nodes.length} in all` : '';
  return {
    severity: 'note',
    code: 'QNT240',
    message: `strict_reference=${other} differs: ${what} (${shown}${rest})`,
    at: { file },
  };
}

/** QNT241: constant factors moved, channels of activations were balanced. */
export function balancedChannels(file: string, folded: number, values: number, inserted: number): Diagnostic {
  const nodes = (count: number): string => `${count} ${count === 1 ? 'node' : 'nodes'}`;
  return {
    severity: 'note',
    code: 'QNT241',
    message: `channel_balance folded ${nodes(folded)} with constant factors and addends into weights and balanced the channels of ${values} activations${inserted > 0 ? `, for which it added ${inserted} Mul` : ''}; the float model compared with is the balanced one`,
    at: { file },
  };
}
