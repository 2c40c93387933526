import type { OperatorDocs } from './operatorDocs.ts';

/** Control flow, sequences, text, signals, images and random numbers. */
export const PROGRAM_DOCS: OperatorDocs = {
  Bernoulli: ['Draws 0 or 1 for every element, whose value is the chance of a 1.', 'P(y = 1) = x', 'input', 'output'],
  BlackmanWindow: ['Makes a Blackman window of the given length.', '', 'size', 'output'],
  ConcatFromSequence: [
    'Joins the tensors of a sequence along an axis, a new one if asked.',
    '',
    'input_sequence',
    'concat_result',
  ],
  DFT: [
    'Discrete Fourier transform along an axis, or its inverse.',
    'y[k] = Σₙ x[n] · e^(−2πi·kn/N)',
    'input dft_length? axis?',
    'output',
  ],
  HammingWindow: ['Makes a Hamming window of the given length.', '', 'size', 'output'],
  HannWindow: ['Makes a Hann window of the given length.', '', 'size', 'output'],
  If: ['Runs one of two graphs, as a condition says; both may read values from around.', '', 'cond', 'outputs…'],
  ImageDecoder: ['Decodes an image file held in a tensor of bytes into pixels.', '', 'encoded_stream', 'image'],
  Loop: [
    'Runs a graph again and again, up to a count or while a condition holds; values are carried on, or collected from every round.',
    '',
    'M? cond? v_initial…',
    'v_final_and_scan_outputs…',
  ],
  MelWeightMatrix: [
    'Makes the matrix that turns a spectrum into bands of the mel scale.',
    '',
    'num_mel_bins dft_length sample_rate lower_edge_hertz upper_edge_hertz',
    'output',
  ],
  Multinomial: ['Draws indices of classes by their unnormalized log-probabilities.', '', 'input', 'output'],
  Optional: ['Wraps a value, or nothing, as an optional.', '', 'input?', 'output'],
  OptionalGetElement: ['Takes the value out of an optional.', '', 'input', 'output'],
  OptionalHasElement: ['Tells whether an optional holds a value.', '', 'input?', 'output'],
  RandomNormal: ['Draws a tensor of the given shape from a normal distribution.', '', '', 'output'],
  RandomNormalLike: ['Draws a tensor of the input’s shape from a normal distribution.', '', 'input', 'output'],
  RandomUniform: ['Draws a tensor of the given shape from a uniform distribution.', '', '', 'output'],
  RandomUniformLike: ['Draws a tensor of the input’s shape from a uniform distribution.', '', 'input', 'output'],
  RegexFullMatch: ['Tells which texts match a regular expression from end to end.', '', 'X', 'Y'],
  STFT: [
    'Short-time Fourier transform: the spectrum of every window that moves along the signal.',
    '',
    'signal frame_step window? frame_length?',
    'output',
  ],
  Scan: [
    'Runs a graph over the slices of its inputs one after the other, carrying states on and collecting outputs.',
    '',
    'initial_state_and_scan_inputs…',
    'final_state_and_scan_outputs…',
  ],
  SequenceAt: ['Takes the tensor at a position out of a sequence.', '', 'input_sequence position', 'tensor'],
  SequenceConstruct: ['Makes a sequence of tensors.', '', 'inputs…', 'output_sequence'],
  SequenceEmpty: ['Makes an empty sequence.', '', '', 'output'],
  SequenceErase: [
    'Takes a tensor out of a sequence, the last one without a position.',
    '',
    'input_sequence position?',
    'output_sequence',
  ],
  SequenceInsert: [
    'Puts a tensor into a sequence, at the end without a position.',
    '',
    'input_sequence tensor position?',
    'output_sequence',
  ],
  SequenceLength: ['Tells how many tensors a sequence holds.', '', 'input_sequence', 'length'],
  SequenceMap: [
    'Runs a graph for every tensor of a sequence and collects what it makes.',
    '',
    'input_sequence_and_more…',
    'out_sequence…',
  ],
  SplitToSequence: ['Cuts a tensor along an axis into a sequence of parts.', '', 'input split?', 'output_sequence'],
  StringConcat: ['Joins texts element by element.', '', 'X Y', 'Z'],
  StringNormalizer: ['Changes the case of texts and takes stop words away.', '', 'X', 'Y'],
  StringSplit: ['Cuts texts at a delimiter; the second output tells into how many parts.', '', 'X', 'Y Z'],
  TfIdfVectorizer: ['Counts n-grams of a text or of numbers, and weighs them if asked.', '', 'X', 'Y'],
};

/** Classical models: domain ai.onnx.ml. */
export const ML_DOCS: OperatorDocs = {
  ArrayFeatureExtractor: ['Takes features by their indices from the last axis.', '', 'X Y', 'Z'],
  Binarizer: ['Sets what is above a threshold to 1 and the rest to 0.', 'y = x > threshold', 'X', 'Y'],
  Imputer: ['Puts a value in the place of missing ones.', '', 'X', 'Y'],
  LabelEncoder: ['Maps keys to values: texts or numbers to texts or numbers.', '', 'X', 'Y'],
  LinearClassifier: ['Scores classes by a linear model and tells the best one.', 'scores = X·Wᵀ + b', 'X', 'Y Z'],
  LinearRegressor: ['Linear model with one output or several.', 'y = X·Wᵀ + b', 'X', 'Y'],
  Normalizer: ['Divides every row by its largest element, sum or length.', '', 'X', 'Y'],
  OneHotEncoder: ['Makes a 1 at the place of a category and 0 elsewhere.', '', 'X', 'Y'],
  Scaler: ['Shifts and scales features.', 'y = (x − offset) · scale', 'X', 'Y'],
  TreeEnsemble: ['Sums, averages or compares what the leaves of many decision trees hold.', '', 'X', 'Y'],
  TreeEnsembleClassifier: ['Lets decision trees vote for a class.', '', 'X', 'Y Z'],
  TreeEnsembleRegressor: ['Sums or averages what decision trees predict.', '', 'X', 'Y'],
};

/** One step of training: domain ai.onnx.preview.training. */
export const TRAINING_DOCS: OperatorDocs = {
  Adagrad: [
    'One step of Adagrad: the rate falls with the sum of squared gradients.',
    'h′ = h + g², x′ = x − r·g / (√h′ + ε)',
    'R T inputs…',
    'outputs…',
  ],
  Adam: [
    'One step of Adam: running means of the gradient and of its square.',
    'x′ = x − r·m̂ / (√v̂ + ε)',
    'R T inputs…',
    'outputs…',
  ],
  Momentum: ['One step of gradient descent with momentum.', 'v′ = α·v + β·g, x′ = x − r·v′', 'R T inputs…', 'outputs…'],
};

/** Domain ai.onnx.preview. */
export const PREVIEW_DOCS: OperatorDocs = {
  FlexAttention: [
    'Scaled dot-product attention whose scores and probabilities pass through graphs of the model’s own.',
    'Y = prob_mod(softmax(score_mod(Q·Kᵀ·scale))) · V',
    'Q K V',
    'Y',
  ],
};
