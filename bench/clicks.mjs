// How long it takes from a key in the graph to new figures on the screen, in a real VS Code: node bench/clicks.mjs
// [--json FILE]. MobileNetV2, 8 evaluation samples; the packaged extension in a browser without a graphics card, all on
// this machine.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bundleUi } from '../scripts/lib/bundleUi.mjs';
import { inWorkbench } from '../scripts/lib/inWorkbench.mjs';
import { machineOf, machineText } from './lib/core.mjs';

const LIMITS_MS = { middle: 1000, end: 200 };

const { values: options } = parseArgs({ options: { json: { type: 'string' } } });
const { HAS_MOBILE_NET, timeClicks } = await bundleUi('clicks');
const machine = machineOf();
console.log(machineText(machine));
if (!HAS_MOBILE_NET) console.log('skipped: needs mobilenet_v2_float_from_qdq.onnx of shared/data, which is not there');
const clicks = HAS_MOBILE_NET ? await inWorkbench({}, timeClicks) : [];
const rows = clicks.flatMap(({ place, node, skipMs, backMs }) => [
  { place, node, change: 'skipped', ms: skipMs, limitMs: LIMITS_MS[place] },
  { place, node, change: 'taken back', ms: backMs, limitMs: LIMITS_MS[place] },
]);
for (const { place, node, change, ms, limitMs } of rows)
  console.log(
    `${place.padEnd(7)} ${node.padEnd(9)} ${change.padEnd(11)} ${ms.toFixed(0).padStart(5)} ms  at most ${limitMs}: ${ms <= limitMs ? 'met' : 'MISSED'}`,
  );
if (options.json) writeFileSync(options.json, `${JSON.stringify({ clicks: { machine, rows } }, null, 2)}\n`);
process.exit();
