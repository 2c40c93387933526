import { appendFileSync, writeFileSync } from 'node:fs';
import { format } from 'node:util';
import Mocha from 'mocha';

/**
 * Runs the suite inside an extension host; both runners call this.
 * Writes its counts to TEST_RESULT_FILE, because a host that was killed reports success, and its lines to
 * TEST_OUTPUT_FILE, apart from what the workbench logs; without the latter to the console.
 *
 * @throws when a test failed or none ran.
 */
export async function run(): Promise<void> {
  const { TEST_RESULT_FILE, TEST_OUTPUT_FILE } = process.env;
  if (TEST_OUTPUT_FILE !== undefined) {
    Mocha.reporters.Base.consoleLog = (...args: unknown[]) => appendFileSync(TEST_OUTPUT_FILE, `${format(...args)}\n`);
  }
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, reporter: 'spec', color: false });
  mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, '', mocha);
  await import('./activation.test.ts');
  await import('./opening.test.ts');
  await import('./panel.test.ts');
  await import('./quantizing.test.ts');
  await import('./imported.test.ts');
  await import('./toggling.test.ts');
  await import('./whatIf.test.ts');
  await import('./exporting.test.ts');
  await import('./configLanguage.test.ts');
  await import('./runs.test.ts');
  await import('./views.test.ts');
  await import('./virtual.test.ts');
  await import('./worker.test.ts');
  const counts = await new Promise<{ passes: number; failures: number; pending: number }>((resolve) => {
    const runner = mocha.run(() => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      resolve({ passes, failures, pending });
    });
  });
  if (TEST_RESULT_FILE !== undefined) writeFileSync(TEST_RESULT_FILE, JSON.stringify(counts));
  if (counts.failures > 0) throw new Error(`${counts.failures} tests failed`);
  if (counts.passes === 0) throw new Error('no test ran');
}
