import assert from 'node:assert/strict';
import { workbench as w } from './workbench.ts';

describe('all the while, the view', () => {
  it('obeys its Content Security Policy without a single violation, and throws nothing', async () => {
    assert.deepEqual(w.violations, []);
    assert.deepEqual(w.exceptions, []);
    // The check itself can fail: a script without the nonce is refused and noticed.
    await w.graph.locator('body').evaluate((body) => {
      const script = document.createElement('script');
      script.textContent = 'window.evil = true';
      body.append(script);
    });
    await w.page.waitForTimeout(200);
    assert.equal(w.violations.length, 1);
  });
});
