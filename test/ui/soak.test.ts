/** What `npm run soak` asks of a kernel reaches far into it, and would be asked in vain for long. */
import { expect, test } from 'vitest';

import { APP, LEFT, MEASURE, PREPARE } from '../../tools/soakApp.mjs';
import { useBench } from './bench';

const bench = useBench();

test('the soak is told what may grow, and what is left at the end', async () => {
  const app = await bench.run(PREPARE, APP(0));
  await app.getByRole('button', { name: 'many' }).click();
  await app.locator('.ib-JSON').getByText('2 entries').first().waitFor();
  await bench.untilPython('busy() == 0');
  const found = JSON.parse(await bench.python(MEASURE)) as Record<string, number>;
  expect(found['sessions']).toBe(1);
  // a value that somebody has set, and what pages have of it
  expect(found['table']).toBeGreaterThan(1);
  expect(found['kernelMemory']).toBeGreaterThan(10);
  expect(JSON.parse(await bench.python(LEFT))).toEqual({
    showings: 0,
    engines: 0,
    receivers: 0,
    threads: 0,
    widgets: 0
  });
});
