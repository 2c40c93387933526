import { Cancelled } from '../base/abort.ts';
import { DiagnosticError, formatDiagnostic } from '../base/diagnostics.ts';
import { parseCommand, USAGE } from './args.ts';
import { EXIT, exitCodeOf } from './exitCodes.ts';
import { inspectCommand } from './inspect.ts';
import { quantizeCommand } from './quantize.ts';
import { runCommand } from './run.ts';
import { verifyCommand } from './verify.ts';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = report(error);
}

async function main(argv: readonly string[]): Promise<number> {
  const command = parseCommand(argv);
  switch (command.kind) {
    case 'help':
      console.log(USAGE);
      return EXIT.good;
    case 'quantize':
      return quantizeCommand(command, stop.signal);
    case 'run':
      return runCommand(command, stop.signal);
    case 'inspect':
      return inspectCommand(command);
    case 'verify':
      return verifyCommand(command, stop.signal);
  }
}

function report(error: unknown): number {
  if (error instanceof Cancelled) {
    console.error('cancelled');
    return EXIT.userError;
  }
  if (error instanceof DiagnosticError) {
    for (const d of error.all) if (d.severity === 'error') console.error(formatDiagnostic(d));
  } else console.error('This is a bug in QuantScope:', error);
  return exitCodeOf(error);
}
