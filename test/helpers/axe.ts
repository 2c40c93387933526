import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Locator } from 'playwright-core';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** All rules, or those alone of which the outcome depends on a theme. */
export type Rules = 'all' | 'colours';

const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

interface Axe {
  run(
    element: unknown,
    options: object,
  ): Promise<{
    readonly violations: readonly {
      readonly id: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
    }[];
  }>;
}

/** What axe-core finds in an element: rule and place of each. */
export async function axeFaults(element: Locator, rules: Rules): Promise<string[]> {
  if (await element.evaluate(() => !Reflect.has(window, 'axe'))) await element.evaluate(SOURCE);
  const options = {
    ...{ resultTypes: ['violations'], selectors: false, preload: false },
    ...(rules === 'colours' && { runOnly: COLOUR_RULES }),
  };
  return element.evaluate(async (looked, settings) => {
    const { violations } = await (Reflect.get(window, 'axe') as Axe).run(looked, settings);
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 200)} ${n.failureSummary ?? ''}`));
  }, options);
}
