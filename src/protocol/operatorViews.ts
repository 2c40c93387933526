/** An operator as its documentation tells, with what the version that the model uses takes. */
export interface OperatorView {
  readonly opType: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  /** One to three sentences; '' for an operator that is not known. */
  readonly text: string;
  /** '' where words say it all. */
  readonly formula: string;
  readonly inputs: readonly OperandView[];
  readonly outputs: readonly OperandView[];
  readonly attributes: readonly AttributeView[];
  /** Address of its specification. */
  readonly url: string | null;
  /** First opset that the version in use holds for; null where the operator is not supported. */
  readonly since: number | null;
}

export interface OperandView {
  readonly name: string;
  readonly optional: boolean;
  /** Stands for any number of them. */
  readonly variadic: boolean;
}

export interface AttributeView {
  readonly name: string;
  readonly kind: string;
  readonly required: boolean;
  /** What holds without the attribute, as text; null where nothing does. */
  readonly default: string | null;
}

/** The operator of a node. */
export interface OperatorRequest {
  readonly domain: string;
  readonly opType: string;
}
