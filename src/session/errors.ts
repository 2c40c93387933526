import { type Diagnostic, DiagnosticError, type Location } from '../base/diagnostics.ts';

/** SES401: nothing was opened, or nothing was quantized yet. */
export function nothingYet(file: string, needed: 'model' | 'run'): DiagnosticError {
  const message =
    needed === 'model'
      ? 'no model is open; open one first'
      : 'the model was not quantized yet; run "Quantize with config…" first';
  return new DiagnosticError({ severity: 'error', code: 'SES401', message, at: { file } });
}

/** SES402: a config changed in more than what a trial can follow. */
export function needsFullRun(at: Location, what: string): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'SES402',
    message: `${what} changed since the last run, which needs the calibration data again: run "Quantize with config…"`,
    at,
  });
}

/** SES403: no node of this id. */
export function noSuchNode(file: string, id: number): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'SES403',
    message: `the model has no node ${id}`,
    at: { file },
  });
}

/** SES404: a feed names no input, or an input has no feed. */
export function wrongFeeds(file: string, unknown: readonly string[], missing: readonly string[]): DiagnosticError {
  const parts = [
    ...(unknown.length > 0 ? [`${unknown.join(', ')}: no such input`] : []),
    ...(missing.length > 0 ? [`no feed for ${missing.join(', ')}`] : []),
  ];
  return new DiagnosticError({ severity: 'error', code: 'SES404', message: parts.join('; '), at: { file } });
}

/** SES405: evaluation without a set of its own. */
export function evaluatedOnCalibration(at: Location, count: number): Diagnostic {
  return {
    severity: 'note',
    code: 'SES405',
    message: `figures are measured on the first ${count} calibration samples; name an evaluation set with [quantscope] evaluate_path`,
    at,
  };
}

/** SES415: neither calibration nor evaluation samples are named, and the type of quantization needs none. */
export function evaluatedOnRandom(at: Location): Diagnostic {
  return {
    severity: 'warning',
    code: 'SES415',
    message:
      'no samples are named, so figures are measured on one pseudo-random sample, as converter_lite does (floats in 0.1 to 1): they say little of real data. Name samples with [quantscope] evaluate_path',
    at,
  };
}

/** SES423: a method that is not applied, since the file's own quantization is what is measured. */
export function quantizedAlready(at: Location, what: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'SES423',
    message: `the model is quantized in its file, which is what is measured: ${what} is not applied. Set [quantscope] imported_model=requantize to take the file's quantization out and apply it`,
    at,
  };
}

/** SES466: no node adds an error of its own that could be measured. */
export function nothingToMeasure(file: string): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'SES466',
    message:
      'no node that is quantized can be left float, so there is none to measure: see the reasons in the table of nodes',
    at: { file },
  });
}

/** SES465: a change of how something is quantized, where the file's own quantization is what is measured. */
export function keptAsInFile(file: string, what: readonly string[]): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'SES465',
    message: `the model is quantized in its file, which is what is measured: nodes can be left float, but ${what.join(', ')} cannot be changed. Set [quantscope] imported_model=requantize and run again to take the file's quantization out`,
    at: { file },
  });
}

/** SES406: folders that do not go with the model's inputs. */
export function inputNames(at: Location, named: readonly string[], inputs: readonly string[]): DiagnosticError {
  const form = inputs.map((name) => `${name}:folder`).join(',');
  return new DiagnosticError({
    severity: 'error',
    code: 'SES406',
    message: `there are folders for ${named.join(', ') || 'no input'}; the model's inputs are ${inputs.join(', ')}: write ${form}`,
    at,
  });
}

/** SES407: the file of labels is not there. */
export function noLabels(at: Location, path: string): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'SES407',
    message: `there is no file ${path}; a CSV of file,label is expected`,
    at,
  });
}

/** SES408: evaluation samples that no label names. */
export function unlabelled(at: Location, count: number, example: string): Diagnostic {
  return {
    severity: 'warning',
    code: 'SES408',
    message: `${count} evaluation samples have no label, ${example} the first; they do not count for accuracy`,
    at,
  };
}

/** SES409: an input of a type we do not hold. */
export function notATensor(file: string, names: readonly string[]): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'SES409',
    message: `${names.join(', ')}: maps, sparse tensors and tensors without an element type are not supported as inputs`,
    at: { file },
  });
}

/** SES412: a float model that is not the parent of the quantized one. */
export function anotherParent(parent: string, file: string): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'SES412',
    message: `no node of ${file} has a counterpart in float_model, by the names of outputs, nodes or weights; name the model it was quantized from`,
    at: { file: parent },
  });
}

/** SES467: a float model for a file without weights that become floats before they are used. */
export function noCodedWeights(parent: string, file: string, computesOnCodes: boolean): DiagnosticError {
  const why = computesOnCodes
    ? 'its operators compute on codes (ConvInteger, MatMulInteger …). Name it for the QDQ form of the model, or leave it out'
    : 'its weights are float. Leave it out';
  return new DiagnosticError({
    severity: 'error',
    code: 'SES467',
    message: `float_model: ${file} has no constant of codes behind a DequantizeLinear that a float weight could stand beside: ${why}`,
    at: { file: parent },
  });
}

/** SES413: weights that the float parent does not have. */
export function noCounterpart(parent: string, handles: readonly string[], found: number): Diagnostic {
  const [first = ''] = handles;
  return {
    severity: 'warning',
    code: 'SES413',
    message: `${handles.length} weights have no counterpart here, that of ${first} the first; they are compared with what their codes stand for (${found} have one)`,
    at: { file: parent },
  };
}

/** SES414: nodes that take codes in the float model too, so that nothing is measured of them. */
export function integersInBoth(file: string, count: number): Diagnostic {
  return {
    severity: 'warning',
    code: 'SES414',
    message: `${count} operators of the file compute on integers, in what is called float here too: the figures do not tell what quantizing them cost`,
    at: { file },
  };
}

/** SES410: a file that cannot be written. */
export function cannotWrite(path: string, cause: Error): DiagnosticError {
  const message = `it cannot be written: ${cause.message}`;
  return new DiagnosticError({ severity: 'error', code: 'SES410', message, at: { file: path } }, { cause });
}

/** SES411: a model that cannot be read. */
export function cannotOpen(path: string, cause: unknown): DiagnosticError {
  const message = `it cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`;
  return new DiagnosticError({ severity: 'error', code: 'SES411', message, at: { file: path } }, { cause });
}

/** SES416: a multiplier that no M0 2^-n of its bits is near enough to. */
export function multiplierTooCoarse(at: Location, handles: readonly string[], most: number, bits: number): Diagnostic {
  return {
    severity: 'warning',
    code: 'SES416',
    message: `no multiplier of ${bits} bits keeps multiplier_error in ${counted(handles)}; the nearest is used, which is up to ${most.toPrecision(3)} off. Give it more multiplier_bits`,
    at,
  };
}

/** SES417: quantized nodes whose arithmetic is not that of hardware without floats. */
export function floatsBetweenCodes(at: Location, handles: readonly string[]): Diagnostic {
  return {
    severity: 'note',
    code: 'SES417',
    message: `requantizer=fixedPoint is about sums: in ${counted(handles)} codes become float32 in between all the same`,
    at,
  };
}

/** SES421: a shape for an input that the model does not have. */
export function unknownInput(
  at: Location,
  name: string,
  inputs: readonly string[],
  near: string | undefined,
): Diagnostic {
  const hint = near === undefined ? `; its inputs are ${inputs.join(', ')}` : ` — ${near}?`;
  const message = `a shape is given for ${JSON.stringify(name)}, but the model has no such input${hint}`;
  return { severity: 'error', code: 'SES421', message, at };
}

/** SES422: a shape that the model's input does not take. */
export function otherShape(at: Location, input: string, shape: string, dims: string | undefined): Diagnostic {
  const own = dims === undefined ? 'has no shape in the model' : `has dims ${dims} in the model`;
  const message = `the shape ${shape} is given for input ${input}, which ${own}; only dimensions it leaves open can be set`;
  return { severity: 'error', code: 'SES422', message, at };
}

function counted([first = '', ...rest]: readonly string[]): string {
  return rest.length === 0 ? first : `${rest.length + 1} nodes (${first} the first)`;
}

/** SES424: rounds of an earlier run lie beside those of this one. */
export function earlierRounds(folder: string, rounds: number, names: readonly string[]): Diagnostic {
  const some = names.length > 1 ? `${names[0]} … ${names.at(-1)}` : names[0];
  const message = `this run has ${rounds} round${rounds === 1 ? '' : 's'}; ${some} in the report folder ${names.length > 1 ? 'are' : 'is'} of an earlier one: remove them, or name another folder`;
  return { severity: 'warning', code: 'SES424', message, at: { file: folder } };
}

/** SES425: auto_tune kept its target over its own samples, which the evaluation samples do not bear out. */
export function tunedOnOthers(
  at: Location,
  tuned: { readonly target: number; readonly samples: number },
  evaluated: { readonly cosine: number; readonly samples: number },
): Diagnostic {
  const message = `auto_tune kept a mean cosine of ${tuned.target} over ${tuned.samples} calibration sample${tuned.samples === 1 ? '' : 's'}; over the ${evaluated.samples} evaluation samples it is ${evaluated.cosine.toFixed(4)}: tune on more samples, by a larger calibrate_size, or raise auto_tune_target`;
  return { severity: 'warning', code: 'SES425', message, at };
}

/** SES426: a sample that the run was not evaluated on. */
export function noSuchSample(file: string, sample: number | string, count: number): DiagnosticError {
  const message =
    typeof sample === 'string'
      ? `sample ${sample} is asked for; the last run has no calibration sample of this name`
      : count === 0
        ? `sample ${sample} is asked for; the run has no evaluation samples`
        : `sample ${sample} is asked for; the run has evaluation samples 0 to ${count - 1}`;
  return new DiagnosticError({ severity: 'error', code: 'SES426', message, at: { file } });
}

/** SES440: a tensor whose elements cannot be shown. */
export function cannotShowTensor(at: Location, why: string): DiagnosticError {
  return new DiagnosticError({
    severity: 'error',
    code: 'SES440',
    message: `its elements cannot be shown: ${why}`,
    at,
  });
}

/** SES441: elements are asked for that the tensor does not have, or more than cross at once. */
export function noSuchElements(at: Location, asked: string, dims: readonly number[]): DiagnosticError {
  const message = `${asked} of a tensor of dims [${dims.join(', ')}] cannot be answered`;
  return new DiagnosticError({ severity: 'error', code: 'SES441', message, at });
}

/** SES442: a sample that does not come from files. */
export function sampleWithoutFile(file: string, name: string): DiagnosticError {
  const message = `${name} is made by the program, so there is no file of it to open; name samples with [quantscope] evaluate_path`;
  return new DiagnosticError({ severity: 'error', code: 'SES442', message, at: { file } });
}

/** SES450: accuracy is asked for, but no sample has a class. */
export function noLabelsToJudge(at: Location, judge: string, why: string): DiagnosticError {
  const message = `${judge} needs labels, but ${why}: name a file of file,label with [quantscope] labels, or choose cosine, sqnrDb or mse`;
  return new DiagnosticError({ severity: 'error', code: 'SES450', message, at });
}

/** SES451: a command is to judge where none is run. */
export function noCommandsHere(file: string, command: string): DiagnosticError {
  const message = `the command ${JSON.stringify(command)} is to judge, but commands are not run here: trust the workspace, or choose cosine, sqnrDb, mse, top1 or top5`;
  return new DiagnosticError({ severity: 'error', code: 'SES451', message, at: { file } });
}

/** SES452: a judging command that did not end well. */
export function commandFailed(file: string, command: string, status: number | null, stderr: string): DiagnosticError {
  const how = status === null ? 'could not be run' : `ended with exit status ${status}`;
  const said = stderr.trim().split(/\r?\n/).slice(-3).join(' | ');
  const message = `the judging command ${JSON.stringify(command)} ${how}${said === '' ? '' : `: ${said}`}; 0 and a number in its last line are expected`;
  return new DiagnosticError({ severity: 'error', code: 'SES452', message, at: { file } });
}

/** SES453: a judging command without a number. */
export function noNumberPrinted(file: string, command: string, line: string): DiagnosticError {
  const found = line === '' ? 'nothing' : `${JSON.stringify(line)} in its last line`;
  const message = `the judging command ${JSON.stringify(command)} printed ${found}; a number is expected`;
  return new DiagnosticError({ severity: 'error', code: 'SES453', message, at: { file } });
}
