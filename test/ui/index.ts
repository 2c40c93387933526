import Mocha from 'mocha';
import { useWorkbench, type WorkbenchOptions, workbench } from './workbench.ts';

/**
 * Runs the tests of the packaged extension in a workbench that is not open yet.
 * They build on each other, so the first failure ends the run; it leaves `failed.png`.
 */
export async function run(options: WorkbenchOptions): Promise<{ passes: number; failures: number; pending: number }> {
  useWorkbench(options);
  const mocha = new Mocha({ ui: 'bdd', timeout: 180_000, reporter: 'spec', bail: true });
  mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, '', mocha);
  let failed: Promise<unknown> = Promise.resolve();
  mocha.suite.afterEach('keep what a failure looked like', () => failed);
  mocha.suite.afterAll('keep what a failure looked like', () => failed);
  await import('./opening.test.ts');
  await import('./quantizing.test.ts');
  await import('./views.test.ts');
  await import('./toggling.test.ts');
  await import('./configEditor.test.ts');
  await import('./failures.test.ts');
  await import('./looks.test.ts');
  await import('./mobileNet.test.ts');
  await import('./networks.test.ts');
  await import('./comparing.test.ts');
  await import('./languages.test.ts');
  await import('./whatIf.test.ts');
  await import('./accessibility.test.ts');
  await import('./policy.test.ts');
  return new Promise((resolve) => {
    const runner = mocha.run(() => {
      const { passes = 0, failures = 0, pending = 0 } = runner.stats ?? {};
      resolve({ passes, failures, pending });
    });
    runner.on('fail', () => {
      failed = workbench.screenshot('failed').catch(() => undefined); // the page may be what failed
    });
  });
}
