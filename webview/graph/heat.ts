export { markNodes, type NodeMark } from '../heat/marks.ts';

/** Which of the palette's levels, higher for worse. */
export type Level = number;
