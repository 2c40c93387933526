import type { Setting } from '../base/diagnostics.ts';

/**
 * An edit of a config that says what changes, not where: what-if trials, cures and search results are such, and whoever
 * carries one out gets the config's text from it. Empty fields change nothing.
 */
export interface ConfigChange {
  /** Handles that go into `skip_quant_node`, and that leave it. */
  readonly skip?: readonly string[];
  readonly unskip?: readonly string[];
  /** Words of `node_overrides` by handle, as `int16+symmetric`, in place of those that are there; '' takes them out. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** Keys that get a value; '' takes the line out. */
  readonly settings?: readonly Setting[];
}
