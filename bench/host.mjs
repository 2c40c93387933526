// What keeps the extension host from other work, in a real VS Code: node bench/host.mjs [--json FILE]. MobileNetV2, 8
// evaluation samples; the packaged extension, all of it on this machine.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleUi } from '../scripts/lib/bundleUi.mjs';
import { inWorkbench } from '../scripts/lib/inWorkbench.mjs';
import { ROOT } from '../scripts/lib/root.mjs';
import { run } from '../scripts/lib/run.mjs';
import { makeManyNodes } from '../scripts/makeManyNodes.mjs';
import { machineOf, machineText } from './lib/core.mjs';

const LIMIT_MS = 50;
/** A frame of the packaged extension: its name and version are its folder's. */
const OURS = /\/quantscope\.quantscope-[^/]*\//;

const { values: options } = parseArgs({ options: { json: { type: 'string' } } });
const { HAS_MOBILE_NET, timeSteps } = await bundleUi('hostSteps');
const machine = machineOf();
console.log(machineText(machine));
const rows = HAS_MOBILE_NET ? await measure() : [];
if (!HAS_MOBILE_NET) console.log('skipped: needs mobilenet_v2_float_from_qdq.onnx of shared/data, which is not there');
for (const { name, ms, pauses, longestMs, oursMs } of rows)
  console.log(
    `${name.padEnd(42)} ${(ms / 1000).toFixed(1).padStart(6)} s  over ${LIMIT_MS} ms: ${pauses}, longest ${longestMs.toFixed(0).padStart(4)} ms  longest of QuantScope ${oursMs.toFixed(0).padStart(3)} ms: ${oursMs <= LIMIT_MS ? 'met' : 'MISSED'}`,
  );
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ host: { machine, limitMs: LIMIT_MS, rows } }, null, 2)}\n`);
process.exit();

async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'quantscope-host-'));
  try {
    const probe = join(folder, 'probe.vsix');
    const profiles = join(folder, 'profiles');
    mkdirSync(profiles);
    const vsce = join(ROOT, 'node_modules/@vscode/vsce/vsce');
    const options = ['--no-dependencies', '--allow-missing-repository', '--skip-license', '-o', probe];
    run(process.execPath, [vsce, 'package', ...options], { cwd: join(ROOT, 'bench/hostProbe'), stdio: 'ignore' });
    const settings = { 'remote.autoForwardPorts': false }; // VS Code looks for ports in the extension host
    const fill = (sample) => makeManyNodes(join(sample, 'many_nodes.onnx'));
    const steps = await inWorkbench({ beside: [probe], env: { HOST_PROFILES: profiles }, settings, fill }, timeSteps);
    const hosts = readdirSync(profiles).map((name) => JSON.parse(readFileSync(join(profiles, name), 'utf8')));
    if (hosts.length !== 2)
      throw new Error(`${hosts.length} extension hosts were measured, not one before and one after`);
    const pauses = hosts.flatMap(pausesOf);
    return steps.map(({ name, startMs, endMs }) => {
      const during = pauses.filter(({ endedMs }) => endedMs > startMs && endedMs <= endMs);
      return {
        name,
        ms: endMs - startMs,
        pauses: during.filter(({ ms }) => ms > LIMIT_MS).length,
        longestMs: Math.max(0, ...during.map(({ ms }) => ms)),
        oursMs: Math.max(0, ...during.map(({ oursMs }) => oursMs)),
      };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** When the event loop has not turned, for how long, and how much of that samples with a frame of ours take. */
function pausesOf({ startedMs, delays, profile }) {
  const isOurs = oursIn(profile.nodes);
  let atMs = startedMs;
  const samples = profile.samples.map((id, i) => {
    atMs += profile.timeDeltas[i] / 1000;
    return { id, atMs };
  });
  return delays.map(([start, end]) => {
    let oursMs = 0;
    for (const [i, { id, atMs: from }] of samples.entries())
      if (from >= start && from < end && isOurs.has(id)) oursMs += Math.min(end, samples[i + 1]?.atMs ?? end) - from;
    return { endedMs: end, ms: end - start, oursMs };
  });
}

/** Ids of the nodes of a profile whose stack holds a frame of ours. */
function oursIn(nodes) {
  const ours = new Set();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const visit = (node, isBelow) => {
    const is = isBelow || OURS.test(node.callFrame.url);
    if (is) ours.add(node.id);
    for (const child of node.children ?? []) visit(byId.get(child), is);
  };
  visit(nodes[0], false);
  return ours;
}
