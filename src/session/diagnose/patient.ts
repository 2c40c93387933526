import type { Patient } from '../../diagnose/cures.ts';
import type { Lab } from '../lab.ts';
import type { Place } from './place.ts';

/** How a place is quantized now, for those who know cures. */
export function patientOf(lab: Lab, place: Place): Patient {
  const { run, settings, result } = lab;
  const { general, overrides } = settings;
  const weight = result.build.plan.weights.find((w) => w.node === place.unit.node);
  const scheme = weight?.scheme;
  const output = result.build.assignment.activations.get(place.output)?.scheme;
  return {
    handle: place.handle,
    outputHandle: place.outputHandle,
    handles: place.handles,
    readers: place.readers,
    feeders: place.feeders,
    inputs: new Set<number>(run.float.graph.inputs),
    wordsOf: (handle) => overrides.get(handle) ?? {},
    perChannel: scheme === undefined ? general.perChannel : scheme.granularity.kind === 'perChannel',
    symmetric: output?.mapping === 'symmetric',
    method: settings.calibrationMethod,
    biasCorrection: settings.biasCorrection,
    equalization: settings.equalization,
    channelBalance: settings.channelBalance !== 'off',
    leastSquares: settings.weightRounding === 'least_squares',
    onlySkips: lab.isKeptAsInFile,
    weightBits: scheme === undefined ? 8 : Math.ceil(Math.log2(scheme.qmax - scheme.qmin + 1)),
  };
}
