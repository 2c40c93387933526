/** What the names of a config may refer to in a model; plain data. */
export interface ModelFacts {
  /** Name of the model's file, without its folder. */
  readonly file: string;
  /** Nodes that `skip_quant_node` can name, in file order. */
  readonly nodes: readonly NodeFact[];
  /** Names that are not of the file's own graph: nodes in bodies, and what fused nodes are taken apart into. */
  readonly inner: readonly InnerName[];
  /** Inputs without constants, in file order. */
  readonly inputs: readonly InputFact[];
  /** Symbols of dimensions that the model leaves open. */
  readonly openDims: readonly string[];
}

export interface NodeFact {
  readonly handle: string;
  /** As the file has it, where the handle is another. */
  readonly name?: string;
  readonly opType: string;
  /** Names of its outputs. */
  readonly outputs: readonly string[];
}

export interface InnerName {
  readonly name: string;
  /** The node of the file's graph that it belongs to. */
  readonly owner: string;
  readonly in: 'body' | 'fusion';
}

export interface InputFact {
  readonly name: string;
  /** '' when unknown. */
  readonly dtype: string;
  /** Lengths and symbols; null when even the rank is unknown. */
  readonly dims: readonly (number | string)[] | null;
}
