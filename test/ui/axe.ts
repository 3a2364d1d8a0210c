/** What axe-core finds in an app: what those meet who do not see, or use no mouse. */
import { readFileSync } from 'node:fs';
import type { Locator } from 'playwright-core';
import { expect } from 'vitest';

import { inNodeModules } from '../../tools/paths.mjs';

interface Axe {
  run(context: object): Promise<{ violations: Violation[]; passes: Violation[] }>;
}

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/**
 * What is serious or critical in an app.
 *
 * @param atLeast - So many texts must have had their contrast checked, so that a check that sees nothing fails.
 */
export async function violations(app: Locator, atLeast: number): Promise<string[]> {
  await app.page().evaluate(readFileSync(inNodeModules('axe-core', 'axe.min.js'), 'utf8'));
  const { found, texts } = await app.evaluate(async root => {
    const { axe } = window as unknown as { axe: Axe };
    // axe takes what is inside JupyterLab's clipping panels for unseen, and then checks no contrast
    const style = document.createElement('style');
    style.textContent =
      '*:has(.ipyblocks) { overflow: visible !important; contain: none !important }';
    document.head.append(style);
    // the HTML of an app's author is the author's
    const result = await axe.run({ include: [root], exclude: [['.ib-HTML-content']] });
    style.remove();
    const contrast = [...result.passes, ...result.violations].filter(
      ({ id }) => id === 'color-contrast'
    );
    return { found: result.violations, texts: contrast.flatMap(({ nodes }) => nodes).length };
  });
  expect(texts, 'texts whose contrast was checked').toBeGreaterThanOrEqual(atLeast);
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`)
    );
}
