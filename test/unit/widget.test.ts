/** The widget comm as a transport, on hosts that tell of their kernel and on hosts that do not. */
import type { DOMWidgetModel } from '@jupyter-widgets/base';
import { expect, test, vi } from 'vitest';

import { WidgetTransport } from '../../src/transport/widget';

/** A model of a host with that widget manager. */
function modelOn(manager: object): DOMWidgetModel {
  return {
    widget_manager: manager,
    comm: { comm_id: 'a' },
    comm_live: true,
    on: vi.fn(),
    off: vi.fn(),
    send: vi.fn()
  } as unknown as DOMWidgetModel;
}

function kernel(status: string): object {
  const connectionStatusChanged = { connect: vi.fn(), disconnect: vi.fn() };
  return { status, connectionStatus: 'connected', isDisposed: false, connectionStatusChanged };
}

test('a host that tells of its kernel knows whether a message waits', () => {
  const busy = new WidgetTransport(modelOn({ kernel: kernel('busy') }));
  expect(busy.waits).toBe(true);
  busy.useControl();
  expect(busy.waits).toBe(false);
  expect(new WidgetTransport(modelOn({ kernel: kernel('idle') })).waits).toBe(false);
});

test('a host that tells of no kernel does not, and has no other channel', () => {
  const model = modelOn({});
  const transport = new WidgetTransport(model);
  transport.useControl();
  expect([transport.state, transport.waits]).toEqual(['open', null]);
  transport.send({ content: 'a message', buffers: [] });
  expect(model.send).toHaveBeenCalledWith('a message', undefined, []);
});
