/** An app as the output of a cell, when it comes into the document. */
import { MimeModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Services } from '../../src/components/component';
import { APP_MIME } from '../../src/host/outputs';
import { GRACE } from '../../src/host/pages';
import { AppRenderer } from '../../src/host/renderer';
import { snapshotOf } from '../../src/store/snapshot';
import { KernelLine } from '../../src/transport/control';
import { FakeSession } from './kernels';
import { livePage, node } from './support';

let session: FakeSession;
let renderer: AppRenderer;

beforeEach(() => {
  vi.useFakeTimers();
  // jsdom cannot read nested rules, and says so at length: there is a style sheet already
  document.head.innerHTML = '<style id="ipyblocks-components"></style>';
  session = new FakeSession();
  const services: Services = { renderMarkdown: () => Promise.resolve() };
  const place = { line: KernelLine.of(session.connection), notebook: null, keeper: null };
  renderer = new AppRenderer({ version: '1.0', services, safeServices: services, place });
});

afterEach(() => {
  renderer.dispose();
  vi.advanceTimersByTime(GRACE);
  session.disposed.emit();
  vi.useRealTimers();
});

/** An output that shows an app, as a notebook has it. */
function output(trusted = true): MimeModel {
  const { page } = livePage();
  page.edit(node(1), { value: 'kept' });
  const source = { store: page.store, epoch: 'e1', seen: 3, version: '1.0', control: true };
  const own = { version: 1, commId: 'a', epoch: 'e1', control: true, snapshot: snapshotOf(source) };
  return new MimeModel({ data: { [APP_MIME]: own as never }, trusted });
}

const field = (): HTMLInputElement | HTMLTextAreaElement | null =>
  renderer.node.querySelector('input, textarea');

test('is drawn in the moment in which its cell is, and at work if the kernel has answered', async () => {
  await renderer.renderModel(output());
  session.kernel.answer('a');
  Widget.attach(renderer, document.body);
  // nothing has run since: no timer, no frame, no microtask
  expect(field()?.value).toBe('kept');
  expect(renderer.node.querySelector('.ipyblocks')?.getAttribute('data-status')).toBe('live');
});

test('is drawn once, and is the same when its cell is moved', async () => {
  await renderer.renderModel(output());
  Widget.attach(renderer, document.body);
  const drawn = field();
  await vi.advanceTimersByTimeAsync(100);
  Widget.detach(renderer);
  Widget.attach(renderer, document.body);
  await vi.advanceTimersByTimeAsync(100);
  expect(drawn).not.toBeNull();
  expect(field()).toBe(drawn);
});

test('is drawn as a picture at once where nobody vouches for it, and asks no kernel', async () => {
  await renderer.renderModel(output(false));
  Widget.attach(renderer, document.body);
  expect(field()?.value).toBe('kept');
  expect(renderer.node.querySelector('.ib-tree')?.hasAttribute('inert')).toBe(true);
  expect(session.kernel.sent).toEqual([]);
});
