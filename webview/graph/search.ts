import type { GraphTable } from '../../src/protocol/graphTable.ts';
import { formatShape } from '../format.ts';

export interface Hit {
  readonly kind: 'node' | 'tensor';
  /** Node to go to: for a tensor its producer, else its first consumer. */
  readonly nodeId: number;
  readonly label: string;
  readonly detail: string;
}

/** Finds nodes by handle, name and operator, then tensors by name; best matches first, ties in file order. */
export function searchGraph(graph: GraphTable, query: string): Hit[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((w) => w !== '');
  if (words.length === 0) return [];
  const found: { hit: Hit; score: number }[] = [];
  for (const node of graph.nodes) {
    const score = scoreOf(words, node.handle, node.name, node.opType);
    if (score > 0) {
      found.push({
        score: score + 1.5,
        hit: { kind: 'node', nodeId: node.id, label: node.handle, detail: node.opType },
      });
    }
  }
  const owner = new Map<number, number>();
  for (const node of graph.nodes) for (const id of node.outputs) owner.set(id, node.id);
  for (const node of graph.nodes) {
    for (const id of node.inputs) if (id !== null && !owner.has(id)) owner.set(id, node.id);
  }
  for (const value of graph.values) {
    const nodeId = owner.get(value.id);
    const score = scoreOf(words, value.name);
    if (score > 0 && nodeId !== undefined) {
      const detail = [value.dtype, formatShape(value.dims)].filter((part) => part !== '').join(' ');
      found.push({ score, hit: { kind: 'tensor', nodeId, label: value.name, detail } });
    }
  }
  return found.sort((a, b) => b.score - a.score).map(({ hit }) => hit);
}

/** 4 the whole text, 3 its beginning, 2 the beginning of a part of it, 1 anywhere; every word must match. */
function scoreOf(words: readonly string[], ...texts: readonly string[]): number {
  let total = 0;
  for (const word of words) {
    let best = 0;
    for (const text of texts) {
      const lower = text.toLowerCase();
      const at = lower.indexOf(word);
      if (at < 0) continue;
      const score = lower === word ? 4 : at === 0 ? 3 : /[^a-z0-9]/.test(lower[at - 1] ?? '') ? 2 : 1;
      best = Math.max(best, score);
    }
    if (best === 0) return 0;
    total += best;
  }
  return total / words.length;
}
