/** Labels of the figures that speak for findings about data, keys of the translations. `now`: as the config has it. */
export const DATA_LABELS = {
  accuracyNow: 'Top-1 of the float model now',
  accuracyThen: 'Top-1 of the float model with the change',
  divergenceNow: 'Distance from the statistics at BatchNormalization now, nats',
  divergenceThen: 'Distance from the statistics at BatchNormalization with the change, nats',
  prominenceNow: 'Lead of the best logit now, in deviations',
  prominenceThen: 'Lead of the best logit with the change, in deviations',
  probabilityNow: 'Probability of the best class now',
  probabilityThen: 'Probability of the best class with the change',
  entropyNow: 'Entropy of the classes now, nats',
  entropyThen: 'Entropy of the classes with the change, nats',
  peakNow: 'Mean of the ten highest scores now',
  peakThen: 'Mean of the ten highest scores with the change',
  better: 'Samples that the change makes better',
  worse: 'Samples that the change makes worse',
  chance: 'Likelihood of so many by chance',
  border: 'Likelihood at which it is advised',
  rangeOfSample: 'Range of its activations, relative to the middle sample',
  rangeScore: 'Deviations of its range from the middle sample',
  noiseOfSample: 'Noise at the output, relative to the middle sample',
  noiseScore: 'Deviations of its noise from the middle sample',
  samples: 'Calibration samples',
  growth: 'Growth of the ranges from half of the samples to all',
} as const;

/** What means and deviations that are tried are called, behind the order of the channels; keys of the translations. */
export const PREPARATION_LABELS = [
  'pixels 0 to 255',
  'pixels 0 to 1',
  'pixels -1 to 1',
  '(pixel - 127) / 128',
  'mean and deviation of ImageNet',
  'mean and deviation of ImageNet of RGB',
  'mean of ImageNet',
  'mean and deviation of CIFAR-10',
  'mean and deviation of MNIST',
  'mean and deviation turned with it',
  'mean and deviation as they are',
  'mean and deviation turned',
] as const;

export type PreparationLabel = (typeof PREPARATION_LABELS)[number];

/** Forms of the whole label of a preparation: channels and values of images, an input and its layout. */
export const PREPARATION_FORMS = { image: '{0}, {1}', layout: '{0} as {1}' } as const;

/** The label of a preparation in the user's language. */
export function preparationText(label: string, t: (text: string, ...args: string[]) => string): string {
  const [, input, layout] = /^(.*) as (NCHW|NHWC)$/s.exec(label) ?? [];
  if (input !== undefined && layout !== undefined) return t(PREPARATION_FORMS.layout, input, layout);
  const [format, values] = [label.split(', ', 1)[0] ?? '', label.slice(label.indexOf(', ') + 2)];
  if (!PREPARATION_LABELS.some((known) => known === values)) return label;
  return t(PREPARATION_FORMS.image, format, t(values));
}
