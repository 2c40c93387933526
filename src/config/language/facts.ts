/** What a config's names may refer to in the model it belongs to; plain data. */
export interface ModelFacts {
  /** Name of the model's file, without its folder. */
  readonly file: string;
  /** Nodes that `skip_quant_node` can name, in file order. */
  readonly nodes: readonly NodeFact[];
  /** Inputs without constants, in file order. */
  readonly inputs: readonly InputFact[];
  /** Symbols of dimensions that the model leaves open. */
  readonly openDims: readonly string[];
}

export interface NodeFact {
  readonly handle: string;
  readonly opType: string;
  /** Names of its outputs. */
  readonly outputs: readonly string[];
}

export interface InputFact {
  readonly name: string;
  /** '' when unknown. */
  readonly dtype: string;
  /** Lengths and symbols; null when even the rank is unknown. */
  readonly dims: readonly (number | string)[] | null;
}

/** Entries of one folder that a value may go on with. */
export interface FolderListing {
  /** As written before the last `/`, which is included; '' for the config's own folder. */
  readonly prefix: string;
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** An input in one line: `float32 [1, 3, 224, 224]`. */
export function describeInput({ dtype, dims }: InputFact): string {
  return `${dtype} ${dims === null ? 'of unknown rank' : `[${dims.join(', ')}]`}`.trim();
}

/** A node in Markdown. */
export function describeNode({ handle, opType, outputs }: NodeFact, file: string): string {
  const makes = outputs.map((name) => `\`${name}\``).join(', ');
  return `**${handle}** · ${opType} of ${file}${makes === '' ? '' : `\n\nmakes ${makes}`}`;
}
