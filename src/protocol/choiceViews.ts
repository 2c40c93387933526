/** How a config quantizes: its choice for all nodes, and what it says of single ones. */
export interface ChoicesView {
  /** Of nodes without words of their own; null where activations have no codes chosen beforehand. */
  readonly activations: {
    readonly type: 'int8' | 'uint8';
    readonly symmetry: 'symmetric' | 'asymmetric';
    /** Calibration method, as configs name it. */
    readonly method: string;
  } | null;
  /** Null where constants stay float. */
  readonly weights: {
    /** 0: as many as each weight needs. */
    readonly bits: number;
    readonly perChannel: boolean;
  } | null;
  /** Words of `node_overrides` by name, as `int16+symmetric`. */
  readonly overrides: Readonly<Record<string, string>>;
}
