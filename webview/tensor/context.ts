import type { AbortSource } from '../../src/protocol/rpc.ts';
import type { TensorRequests } from '../../src/protocol/tensorViews.ts';
import type { Opened, TensorLook } from './look.ts';
import type { Cell } from './places.ts';

type Ask = <M extends keyof TensorRequests>(
  method: M,
  params: TensorRequests[M]['params'],
  signal?: AbortSource,
) => Promise<TensorRequests[M]['result']>;

/** What the views of a tensor have in common. */
export interface TensorContext {
  readonly ask: Ask;
  readonly look: () => TensorLook;
  readonly opened: () => Opened | null;
  /** Says something of the element that is pointed at or has the focus; `spoken` ones are read aloud. */
  readonly say: (text: string, kind: 'pointed' | 'spoken') => void;
  readonly fail: (cause: unknown) => void;
  /** Chooses an element of the page. */
  readonly choose: (cell: Cell) => void;
  /** Shows an element, by its place in C order, among the numbers. */
  readonly goTo: (place: number) => void;
  /** Steps through the axes that the page does not show, +1 or −1. */
  readonly turnPage: (by: number) => void;
  readonly askForIndex: () => void;
}

/** One way of looking at a tensor. */
export interface TensorViewPart {
  readonly element: HTMLElement;
  /** Draws anew: another tensor, page, element or look; also when it was hidden. */
  update(): void;
  /** Forgets what was loaded of the tensor. */
  reset(): void;
  focus(): void;
}
