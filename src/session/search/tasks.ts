import type { ConfigChange } from '../../protocol/changes.ts';
import type { Measurement, Tried } from '../../search/trials.ts';

/** What a task is given to search with. */
export interface TaskTools {
  readonly measure: (change: ConfigChange, how: 'guide' | 'exact') => Promise<Measurement>;
  readonly budget: number;
  readonly onTried: (tried: Told, best: Told | null) => void;
}

/** A candidate in the words of a config. */
export interface Told extends Pick<Tried<unknown>, 'move' | 'measured'> {
  readonly change: ConfigChange;
  /** Nodes that the change concerns. */
  readonly handles: readonly string[];
}

/** A search over one kind of candidates. */
export type Task = (tools: TaskTools) => Promise<'found' | 'budget' | 'impossible'>;

/** Tells what a search over candidates of any kind tries. */
export function telling<C>(
  { measure, budget, onTried }: TaskTools,
  say: (candidate: C) => Pick<Told, 'change' | 'handles'>,
) {
  const told = ({ candidate, ...tried }: Tried<C>): Told => ({ ...tried, ...say(candidate) });
  return {
    budget,
    measure: (candidate: C, how: 'guide' | 'exact') => measure(say(candidate).change, how),
    onTried: (tried: Tried<C>, best: Tried<C> | null) => onTried(told(tried), best && told(best)),
  };
}
