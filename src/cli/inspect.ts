import { resolve } from 'node:path';
import { formatDiagnostic, hasErrors } from '../base/diagnostics.ts';
import { formatDims } from '../base/shape.ts';
import { createJsKernels } from '../kernels/js/jsKernels.ts';
import { clock } from '../node/clock.ts';
import { nodeFiles } from '../node/files.ts';
import type { GraphView } from '../protocol/views.ts';
import { createSession } from '../session/index.ts';
import type { Command } from './args.ts';
import { EXIT } from './exitCodes.ts';
import { writeJson } from './files.ts';
import { formatTable } from './table.ts';

/** `inspect`: nodes, tensors and what could not be run, without running anything; exit 1 for a broken model. */
export async function inspectCommand(command: Extract<Command, { kind: 'inspect' }>): Promise<number> {
  const session = createSession({ kernels: createJsKernels(), files: nodeFiles, clock, onProgress: () => undefined });
  const view = await session.open(resolve(command.model));
  if (command.json !== undefined) await writeJson(command.json, view);
  if (command.json !== '-') {
    const byId = new Map(view.values.map((v) => [v.id, v]));
    const rows = view.nodes.map((n) => {
      const outputs = n.outputs.map((id) => {
        const v = byId.get(id);
        return `${v?.name ?? ''} ${v?.dtype ?? ''}${v?.dims == null ? '' : formatDims(v.dims)}`.trim();
      });
      return [
        n.handle,
        n.domain === '' ? n.opType : `${n.domain}.${n.opType}`,
        outputs.join(', '),
        n.supported ? '' : 'not supported',
      ];
    });
    console.log(`${view.file}: ${view.nodes.length} nodes, ${view.opsets}, made by ${view.producer || 'unknown'}`);
    console.log(`${describeQuantization(view)}\n`);
    console.log(formatTable(['node', 'operator', 'outputs', ''], rows, new Set()));
    if (view.diagnostics.length > 0) console.log(`\n${view.diagnostics.map(formatDiagnostic).join('\n')}`);
  }
  if (!view.runnable) return EXIT.unsupported;
  return hasErrors(view.diagnostics) ? EXIT.userError : EXIT.good;
}

/** What the file says of its own quantization, in a line. */
function describeQuantization({ quantization: q }: GraphView): string {
  if (q === null) return 'not quantized';
  const parts = [
    `${q.activations} activations (${q.activationTypes.join(', ')})`,
    `${q.weights} constants (${q.weightTypes.join(', ')})`,
    `${q.integerOperators} integer operators`,
  ];
  return `quantized already (${q.format}): ${parts.filter((part) => !part.startsWith('0 ')).join(', ')}`;
}
