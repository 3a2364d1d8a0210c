import { expect, test } from 'vitest';
import { Toasts } from '../../src/store/toasts';

const toast = (message: string, title = 'Error') =>
  ({ level: 'error', title, message, duration: 10 }) as const;

test('the same message again takes the place of the one before, and its time begins anew', () => {
  const toasts = new Toasts();
  toasts.show(toast('No.'));
  const [first] = toasts.all;
  toasts.show(toast('Other.'));
  toasts.show(toast('No.'));
  toasts.show(toast('No.', 'Sorry'));
  expect(toasts.all.map(({ title, message }) => `${title}: ${message}`)).toEqual([
    'Error: Other.',
    'Error: No.',
    'Sorry: No.'
  ]);
  expect(toasts.all.map(({ id }) => id)).not.toContain(first!.id);
});

test('one with a key takes the place of the one that has it', () => {
  const toasts = new Toasts();
  toasts.show({ ...toast('half'), key: 'job' });
  toasts.show(toast('between'));
  toasts.show({ ...toast('whole'), key: 'job' });
  toasts.show({ ...toast('another'), key: 'other' });
  expect(toasts.all.map(({ message }) => message)).toEqual(['whole', 'between', 'another']);
  toasts.take('job');
  toasts.take('nobody');
  expect(toasts.all.map(({ message }) => message)).toEqual(['between', 'another']);
});
