import { type AbortSignalLike, Cancelled } from '../base/abort.ts';
import { type Diagnostic, DiagnosticError, formatDiagnostic } from '../base/diagnostics.ts';
import { PRODUCT } from '../base/product.ts';
import { parseCommand } from './args.ts';
import { diagnoseCommand } from './diagnose.ts';
import { EXIT, exitCodeOf } from './exitCodes.ts';
import { inspectCommand } from './inspect.ts';
import { quantizeCommand } from './quantize.ts';
import { runCommand } from './run.ts';
import { searchCommand } from './search.ts';
import { sensitivityCommand } from './sensitivity.ts';
import { isWorking, startedByUser, startWorking } from './thread.ts';
import { usage } from './usage.ts';
import { verifyCommand } from './verify.ts';

// Whoever reads the output may go away early: `inspect … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.good);
});

if (isWorking()) {
  try {
    process.exitCode = await main(process.argv.slice(2), startedByUser());
  } catch (error) {
    process.exitCode = report(error);
  }
} else startWorking(new URL(import.meta.url));

async function main(argv: readonly string[], signal: AbortSignalLike): Promise<number> {
  const command = parseCommand(argv);
  switch (command.kind) {
    case 'help':
      console.log(usage(command.command));
      return EXIT.good;
    case 'version':
      console.log(`${PRODUCT.name} ${PRODUCT.version}`);
      return EXIT.good;
    case 'quantize':
      return quantizeCommand(command, signal);
    case 'run':
      return runCommand(command, signal);
    case 'inspect':
      return inspectCommand(command);
    case 'sensitivity':
      return sensitivityCommand(command, signal);
    case 'search':
      return searchCommand(command, signal);
    case 'diagnose':
      return diagnoseCommand(command, signal);
    case 'verify':
      return verifyCommand(command, signal);
  }
}

function report(error: unknown): number {
  if (error instanceof Cancelled) {
    console.error('cancelled');
    return EXIT.userError;
  }
  if (error instanceof DiagnosticError) {
    for (const line of distinct(error.all)) console.error(line);
  } else console.error('This is a bug in QuantScope:', error);
  return exitCodeOf(error);
}

/** Errors and warnings, each once: a warning often says where an error comes from. */
function distinct(all: readonly Diagnostic[]): ReadonlySet<string> {
  return new Set(all.filter((d) => d.severity !== 'note').map(formatDiagnostic));
}
