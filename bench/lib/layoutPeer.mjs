// Lays a graph out with another library, in a process of its own: node bench/lib/layoutPeer.mjs dagre|elk < graph.json
//   in   {width, height, edges: [from, to][]} of nodes by number
//   out  {ms, x, y, lines: [x, y][][]}: centres of nodes and points of edges
import { readFileSync } from 'node:fs';

const PEERS = { dagre: byDagre, elk: byElk };

const peer = PEERS[process.argv[2]];
if (peer === undefined) throw new Error(`${process.argv[2]} is none of ${Object.keys(PEERS).join(', ')}`);
process.stdout.write(JSON.stringify(await peer(JSON.parse(readFileSync(0, 'utf8')))));

async function byDagre({ width, height, edges }) {
  const { Graph, layout } = await import('@dagrejs/dagre');
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB' });
  graph.setDefaultEdgeLabel(() => ({}));
  width.forEach((w, i) => {
    graph.setNode(String(i), { width: w, height: height[i] });
  });
  edges.forEach(([from, to], e) => {
    graph.setEdge(String(from), String(to), {}, String(e));
  });
  const start = performance.now();
  layout(graph);
  const ms = performance.now() - start;
  const nodes = width.map((_, i) => graph.node(String(i)));
  const lines = edges.map(([from, to], e) =>
    graph.edge({ v: String(from), w: String(to), name: String(e) }).points.map(({ x, y }) => [x, y]),
  );
  return { ms, x: nodes.map((n) => n.x), y: nodes.map((n) => n.y), lines };
}

async function byElk({ width, height, edges }) {
  const { default: Elk } = await import('elkjs/lib/elk.bundled.js');
  const graph = {
    id: 'root',
    layoutOptions: { 'elk.algorithm': 'layered', 'elk.direction': 'DOWN' },
    children: width.map((w, i) => ({ id: String(i), width: w, height: height[i] })),
    edges: edges.map(([from, to], e) => ({ id: `e${e}`, sources: [String(from)], targets: [String(to)] })),
  };
  const start = performance.now();
  const done = await new Elk().layout(graph);
  const ms = performance.now() - start;
  const points = ({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint];
  return {
    ms,
    x: done.children.map((n, i) => n.x + width[i] / 2),
    y: done.children.map((n, i) => n.y + height[i] / 2),
    lines: done.edges.map(({ sections }) => sections.flatMap(points).map(({ x, y }) => [x, y])),
  };
}
