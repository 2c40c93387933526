import { bundled } from './bundled.mjs';
import { markdownTable, writeDocument } from './lib/document.mjs';

// Writes docs/operators.md from the registry; with --check only says whether it is stale.
const { supportedOps, ONNXRUNTIME_OPERATORS, DRAWN, NOT_PASSING, SUITE } = await bundled(`
export { supportedOps } from './src/ops/registry.ts';
export { ONNXRUNTIME_OPERATORS } from './src/quant/targets.ts';
export { DRAWN, NOT_PASSING, SUITE } from './test/ops/conformanceFailures.ts';
`);

const TREATMENTS = {
  weighted: 'an integer product with a constant weight, which has parameters per channel or tensor',
  normalization: 'as `weighted`, with the scale as the weight, per tensor',
  clamp: 'folds into the range of a quantized producer; else as `observed`',
  shares: 'its output takes the parameters of its input, and is quantized where the input is',
  observed: 'all float inputs and outputs have parameters of their own',
  unitRange: 'as `observed`; its output is known to lie in [0, 1]',
  reads: 'takes codes where there are some; its output has none',
};

const operators = new Map();
for (const def of supportedOps()) {
  const key = `${def.domain}::${def.type}`;
  operators.set(key, [...(operators.get(key) ?? []), def]);
}
const rows = [...operators.values()].map((defs) => {
  const [{ domain, type }] = defs;
  const treatment = domain === '' ? ONNXRUNTIME_OPERATORS[type] : undefined;
  const integer = defs.filter((def) => def.integer !== undefined).map((def) => def.since);
  const form =
    integer.length === 0 ? 'no' : integer.length === defs.length ? 'yes' : `yes, from ${Math.min(...integer)}`;
  const since = defs.map((def) => def.since).join(', ');
  return [`\`${type}\``, domain === '' ? 'ai.onnx' : domain, since, form, treatment === undefined ? '' : treatment];
});
const passing = SUITE.node + SUITE.simple - NOT_PASSING.size;
const strange = Object.values(ONNXRUNTIME_OPERATORS).filter((treatment) => TREATMENTS[treatment] === undefined);
if (strange.length > 0) throw new Error(`scripts/operatorsDoc.mjs does not explain ${strange.join(', ')}`);

writeDocument(
  'docs/operators.md',
  `# Operators

<!-- Generated from src/ops and src/quant/targets.ts by scripts/operatorsDoc.mjs. -->

${rows.length} operators run. Any other, and any of an opset below its first version here, is named with its node before
anything runs; the graph still opens and draws.

- **Since**: the versions of the operator that are told apart; each holds up to the next one.
- **Integer form**: between DequantizeLinear and QuantizeLinear the operator runs on 8-bit codes where its parameters
  allow. Otherwise, and where there is no such form, it runs as float between the two; the report gives the reason.
- **onnxruntime**: how \`[quantscope] target=onnxruntime\` quantizes it; empty: it stays float.

${markdownTable(
  ['treatment', 'means'],
  Object.entries(TREATMENTS).map(([name, text]) => [`\`${name}\``, text]),
)}

${markdownTable(['operator', 'domain', 'since', 'integer form', 'onnxruntime'], rows)}

## The ONNX backend suite

Of version ${SUITE.version}, ${passing} of the ${SUITE.node + SUITE.simple} cases of \`node\` and \`simple\` pass, and all ${SUITE.light} models
of \`light\`: \`quantscope verify\` on its folder shows it. Outputs of ${DRAWN.size} cases are drawn at random; of these only types and
shapes are compared. These do not pass:

${markdownTable(
  ['case', 'reason'],
  [...NOT_PASSING].map(([name, reason]) => [`\`${name}\``, reason]),
)}
`,
  'scripts/operatorsDoc.mjs',
);
