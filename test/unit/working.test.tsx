/** What is seen and heard of tasks: at their outputs, and by those who do not see. */
import { act, fireEvent, screen } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';

import type { View } from '../../src/components/component';
import { registry } from '../../src/components/registry';
import { bench, change, draw, find, pass, show, tell, unasked, useShown } from './shown';
import { node, patch, progress, queued, started } from './support';

interface Half {
  Body: (view: View<'textbox'>) => JSX.Element;
}

const line = (): string => find('.ib-Status-line')?.textContent ?? '';
const bar = (): HTMLElement => find('.ib-Status [role=progressbar]')!;
const width = (): number => parseFloat((bar().firstElementChild as HTMLElement).style.width);
const announced = (): string => find('.ib-Announcer')!.textContent;
const steps = (index: number, length = 8): object => progress(1, [{ index, length, desc: 'Step' }]);
const failed = (code: string, detail: string | null = null): object => ({
  type: 'failed',
  task: 1,
  code,
  message: 'No such city.',
  detail
});

useShown();

describe('words at an output', () => {
  test('say the place in the queue, then that it runs, then that it stops', () => {
    show();
    tell(queued(1, { position: 1, size: 5, eta: 12 }));
    expect(line()).toBe('2 of 5 in queue · about 12 sCancel');
    tell(queued(1, { position: 0, size: 4 }));
    expect(line()).toContain('1 of 4 in queue');
    tell(started(1));
    pass(2200);
    expect(line()).toBe('Working… · 2.2 sCancel');
    tell({ type: 'stopping', task: 1 });
    expect(line()).toBe('Stopping…');
    tell({ type: 'done', task: 1 });
    expect(find('.ib-Status, .ib-Status-line')).toBeNull();
  });

  test('are beside the label, never over it', () => {
    show();
    tell(started(1));
    expect(find('.ib-Frame-head > .ib-Status-line')!.previousElementSibling!.textContent).toBe(
      'Textbox'
    );
    expect(find('.ib-Status .ib-Status-line')).toBeNull();
  });

  test('say so when it takes longer than estimated', () => {
    show();
    tell(started(1, { eta: 2 }));
    pass(1000);
    expect(line()).toContain('1.0 s of about 2.0 s');
    pass(3000);
    expect(line()).toContain('Taking longer than estimated · 4.0 s');
  });

  test('are drawn by elements that appear late, so that nothing flashes', () => {
    // the delay itself is `ib-appear` of status.css, which jsdom does not run
    show();
    tell(started(1), { type: 'done', task: 1 });
    expect(find('.ib-Status, .ib-Status-line, .ib-Footer > *')).toBeNull();
  });

  test('stop the task', () => {
    show();
    tell(started(7));
    fireEvent.click(screen.getByRole('button', { name: 'Cancel work' }));
    expect(bench.sent()).toMatchObject([{ type: 'cancel', task: 7 }]);
  });
});

describe('the bar', () => {
  test('has no value while nobody knows one', () => {
    show();
    tell(started(1));
    expect(bar().className).toContain('ib-is-unknown');
    expect(bar().hasAttribute('aria-valuenow')).toBe(false);
    expect(bar().getAttribute('aria-valuetext')).toBe('Working… · 0.0 s');
  });

  test('is solid when measured, and says what it shows', () => {
    show();
    tell(started(1), steps(2));
    expect(bar().className).toContain('ib-is-measured');
    expect(bar().getAttribute('aria-valuenow')).toBe('25');
    expect(bar().getAttribute('aria-valuetext')).toBe('Step 2/8 · 0.0 s · 25 %');
    expect(width()).toBe(25);
    tell(steps(1));
    expect(width()).toBe(12.5);
  });

  test('is hatched when estimated, moves with the clock, and not back', () => {
    show();
    tell(started(1, { eta: 10 }));
    pass(5000);
    expect(bar().className).toContain('ib-is-estimated');
    expect(width()).toBe(49.5);
    const fake = { start: 0, end: 0.9, estimatedMs: 10_000, ageMs: 0 };
    tell(progress(1, [{ progress: 0 }], fake));
    expect(width()).toBe(49.5);
    pass(8000);
    expect(width()).toBeGreaterThan(60);
    tell(steps(1, 10));
    expect(width()).toBe(10);
  });

  test('of another task begins anew', () => {
    show();
    tell(started(1, { eta: 10 }));
    pass(5000);
    tell({ type: 'done', task: 1 }, started(2, { eta: 10 }));
    pass(1000);
    expect(width()).toBe(9.9);
  });

  test('is not there when little is to be shown, and nothing is when nothing is', () => {
    show();
    tell(started(1, { showProgress: 'minimal' }));
    expect(bar()).toBeNull();
    expect(line()).toContain('Working');
    tell({ type: 'done', task: 1 }, started(2, { showProgress: 'hidden' }));
    pass(2000);
    expect(find('.ib-Status, .ib-Status-line, .ib-Footer > *')).toBeNull();
    expect(announced()).toBe('');
  });
});

describe('the bar of a task that ends', () => {
  const done = { type: 'done', task: 1 };
  const isComplete = (): boolean => find('.ib-Status.ib-is-complete') !== null;

  test.each([
    ['measured', 'ib-is-measured', (): void => tell(started(1), steps(6))],
    ['estimated', 'ib-is-estimated', (): void => tell(started(1, { eta: 2 }))]
  ])('well runs to its end when it is %s, and goes', (_, kind, begin) => {
    show();
    begin();
    pass(500);
    const element = bar();
    tell(done);
    expect(isComplete()).toBe(true);
    // the same element, so that its width has a way to go
    expect(bar()).toBe(element);
    expect(bar().className).toContain(kind);
    expect(width()).toBe(100);
    expect(bar().getAttribute('aria-valuetext')).toBe('Done');
    expect(find('[aria-busy], .ib-Status-line')).toBeNull();
    pass(200);
    expect(isComplete()).toBe(true);
    pass(100);
    expect(find('.ib-Status')).toBeNull();
    // but for the footer, nothing is left to happen
    pass(1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each<[string, Record<string, unknown>, object[]]>([
    ['failed', {}, [steps(6), failed('internal')]],
    ['was cancelled', {}, [steps(6), failed('cancelled')]],
    ['stopped and ended all the same', {}, [steps(6), { type: 'stopping', task: 1 }, done]],
    ['said nothing', {}, [done]],
    ['showed no bar', { showProgress: 'minimal', eta: 2 }, [done]],
    ['was hidden', { showProgress: 'hidden', eta: 2 }, [done]]
  ])('goes at once when it %s', (_, fields, end) => {
    show();
    tell(started(1, fields));
    pass(500);
    tell(...end);
    expect(find('.ib-Status')).toBeNull();
  });

  test('goes at once when nobody has seen it', () => {
    show();
    tell(started(1, { eta: 2 }));
    pass(100);
    tell(done);
    expect(find('.ib-Status')).toBeNull();
  });

  test('goes at once for who wants no motion', () => {
    vi.spyOn(window, 'matchMedia').mockReturnValue({ matches: true } as MediaQueryList);
    show();
    tell(started(1, { eta: 2 }));
    pass(500);
    tell(done);
    expect(find('.ib-Status')).toBeNull();
    vi.mocked(window.matchMedia).mockRestore();
  });

  test('makes room for the next task at once', () => {
    show();
    tell(started(1, { eta: 2 }));
    pass(500);
    tell(done);
    pass(100);
    tell(started(2, { eta: 2 }));
    expect(isComplete()).toBe(false);
    expect(width()).toBe(0);
    pass(300);
    expect(line()).toContain('Working');
    tell({ type: 'done', task: 2 });
    expect(isComplete()).toBe(true);
  });

  test('is seen at every output that had it, and nowhere once the page is closed', () => {
    show();
    tell(started(1, { nodes: [1, 2], eta: 2 }), started(2, { nodes: [2], eta: 9 }));
    pass(500);
    tell(done);
    expect(document.querySelectorAll('.ib-is-complete')).toHaveLength(1);
    tell({ type: 'done', task: 2 });
    expect(document.querySelectorAll('.ib-is-complete')).toHaveLength(2);
    act(() => bench.page.close());
    expect(find('.ib-Status')).toBeNull();
  });

  test('goes with its node', () => {
    show();
    tell(started(1, { eta: 2 }));
    pass(500);
    tell(done, { type: 'graft', removed: [1], nodes: [] });
    pass(100);
    expect(bench.page.tasks.status(node(1)).complete).toBeNull();
  });
});

describe('an output', () => {
  const frame = (): HTMLElement => find('[data-node="1"]')!;

  test('is busy while it is made', () => {
    show();
    tell(started(1));
    expect(frame().getAttribute('aria-busy')).toBe('true');
    tell({ type: 'done', task: 1 });
    expect(frame().hasAttribute('aria-busy')).toBe(false);
  });

  test('has a border that breathes while values arrive', () => {
    show();
    tell(started(1));
    expect(find('.ib-is-generating')).toBeNull();
    tell(patch(0, 1, { value: 'x' }));
    expect(find('.ib-Status.ib-is-generating')).not.toBeNull();
    tell({ type: 'done', task: 1 });
    expect(find('.ib-is-generating')).toBeNull();
  });

  test('is not drawn anew by the clock, which rests when nothing is shown', () => {
    const body = vi.spyOn(registry.textbox as Half, 'Body');
    show();
    pass(20); // the first painting, with which fields scroll to their ends
    expect(vi.getTimerCount()).toBe(BANNER);
    tell(started(1), started(2, { nodes: [2] }));
    pass(2000);
    const before = body.mock.calls.length;
    expect(before).toBeGreaterThan(0);
    pass(3000);
    expect(line()).toContain('5.0 s');
    expect(body.mock.calls.length).toBe(before);
    // one reading for all who watch
    expect(vi.getTimerCount()).toBe(1);
    tell({ type: 'done', task: 1 }, { type: 'done', task: 2 });
    expect(vi.getTimerCount()).toBe(0);
  });

  /** The banner's patience with a new connection. */
  const BANNER = 1;
});

describe('what is heard', () => {
  test('has one place, which is there before its words', () => {
    show();
    const region = find('.ib-Announcer')!;
    expect(region.getAttribute('role')).toBe('status');
    expect(announced()).toBe('');
    tell(started(1));
    pass(1200);
    expect(announced()).toBe('Working');
    expect(find('.ib-Announcer')).toBe(region);
    tell({ type: 'done', task: 1 });
    expect(announced()).toBe('Ready');
    expect(find('.ib-Status [role=status]')).toBeNull();
  });

  test('is nothing about what is over soon', () => {
    show();
    tell(started(1));
    pass(800);
    tell({ type: 'done', task: 1 });
    expect(announced()).toBe('');
  });

  test('changes at quarters only, whatever the function says', () => {
    show();
    tell(started(1));
    pass(1200);
    const heard: string[] = [];
    for (let step = 0; step <= 100; step += 1) {
      tell(progress(1, [{ index: step, length: 100, desc: `Step ${step}` }]));
      pass(100);
      heard.push(announced());
    }
    expect([...new Set(heard)]).toEqual(
      [0, 25, 50, 75, 100].map(each => `Step ${each}, ${each} percent`)
    );
  });

  test('is the place in the queue, and that it stops', () => {
    show();
    tell(queued(1, { position: 1, size: 2 }));
    pass(1200);
    expect(announced()).toBe('2 of 2 in queue');
    tell(started(1));
    expect(announced()).toBe('Working');
    tell({ type: 'stopping', task: 1 });
    expect(announced()).toBe('Stopping');
  });
});

describe('a failure', () => {
  test('is shown where it happened, with a fold for the traceback, until it is dismissed', () => {
    show();
    tell(started(1), failed('internal', 'trace'));
    const alert = screen.getByRole('alert');
    expect(alert.textContent).toContain('No such city.');
    expect(alert.querySelector('details pre')!.textContent).toBe('trace');
    fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test('has no fold when there is nothing to fold, even of a task that hides', () => {
    show();
    tell(started(1, { showProgress: 'hidden' }), failed('internal'));
    expect(screen.getByRole('alert').querySelector('details')).toBeNull();
  });

  test('is also a toast and in the console where the app says so', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    show({ showError: true });
    const toast = { type: 'toast', level: 'error', title: 'Error', message: 'No.', duration: 10 };
    tell(started(1), failed('internal', 'trace'), toast);
    expect(find('.ib-Toast.ib-is-error')!.textContent).toContain('No.');
    expect(find('.ib-Failure')).not.toBeNull();
    expect(error.mock.calls.flat()).toEqual(['ipyblocks: trace', 'ipyblocks: No.']);
  });

  test('of a full queue is a toast alone: the task has never been anywhere', () => {
    show();
    const toast = { type: 'toast', level: 'error', title: 'Busy', message: 'Full.', duration: 10 };
    tell(failed('user'), toast);
    expect(find('.ib-Toast')!.textContent).toContain('Full.');
    expect(find('.ib-Failure')).toBeNull();
  });

  describe('of several outputs', () => {
    const fail = (fields: object = {}): void =>
      unasked(started(1, { nodes: [1, 2] }), { ...failed('internal', 'trace'), ...fields });
    const marks = (): (string | null)[] =>
      [...document.querySelectorAll('.ib-Status-line')].map(each => each.textContent);

    test('is told in full at the first, and marked at the others', () => {
      show();
      fail();
      const alerts = screen.getAllByRole('alert');
      expect(alerts.map(each => each.closest('[data-node]')!.getAttribute('data-node'))).toEqual([
        '1'
      ]);
      expect(marks()).toEqual(['Failed']);
      expect(find('[data-node="2"] .ib-Status-words')!.title).toBe('No such city.');
      fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
      expect(find('.ib-Failure, .ib-Status-line')).toBeNull();
      expect(bench.sent()).toMatchObject([{ type: 'dismiss', task: 1 }]);
    });

    test.each([
      ['left out', { visible: false }],
      ['hidden', { visible: 'hidden' }]
    ])('is told at the next when the first is %s', (_name, props) => {
      show();
      fail();
      change(1, props);
      const alert = screen.getByRole('alert');
      expect(alert.closest('[data-node]')!.getAttribute('data-node')).toBe('2');
      change(1, { visible: true });
      expect(screen.getByRole('alert').closest('[data-node="1"]')).not.toBeNull();
      expect(marks()).toEqual(['Failed']);
    });

    test('is told where it is not folded away', () => {
      const fold = (id: number, kind: string, props: object, ...children: number[]): object => ({
        id: node(id),
        kind,
        props,
        children: children.map(node)
      });
      const field = (id: number): object => ({ id: node(id), kind: 'textbox', props: {} });
      draw({
        nodes: [
          fold(0, 'blocks', {}, 4, 3),
          fold(4, 'tabs', {}, 5, 6),
          fold(5, 'tab', {}, 1),
          fold(6, 'tab', {}, 7),
          fold(7, 'accordion', { open: true }, 2),
          ...[1, 2, 3].map(field)
        ]
      });
      const place = (): string =>
        screen.getByRole('alert').closest('[data-node]')!.getAttribute('data-node')!;
      tell(started(1, { nodes: [1, 2, 3] }), failed('internal'));
      expect(place()).toBe('1');
      change(4, { selected: 1 });
      expect(place()).toBe('2');
      change(7, { open: false });
      expect(place()).toBe('3');
      change(4, { selected: 0 });
      expect(place()).toBe('1');
    });

    test('can be tried again, once, and then waits at all of them', () => {
      show();
      fail({ retry: true });
      const button = screen.getByRole('button', { name: 'Try again' });
      bench.sent();
      act(() => {
        button.click();
        button.click();
      });
      expect(bench.sent()).toMatchObject([{ type: 'retry', task: 1 }]);
      expect(marks()).toEqual(['Waiting…', 'Waiting…']);
      expect(find('.ib-Failure, .ib-Status-line button')).toBeNull();
      tell(started(2, { nodes: [1, 2] }));
      expect(find('.ib-Status-words')!.textContent).toContain('Working');
      tell({ ...failed('internal'), task: 2 });
      expect(screen.getAllByRole('alert')).toHaveLength(1);
      expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull();
    });
  });

  test('that was cancelled and can be tried again is a quiet line', () => {
    show();
    unasked(started(1, { nodes: [1, 2] }), {
      ...failed('cancelled'),
      message: 'Cancelled.',
      retry: true
    });
    expect(screen.queryByRole('alert')).toBeNull();
    expect(find('.ib-Failure.ib-is-quiet .ib-Failure-text')!.textContent.trim()).toBe('Cancelled.');
    expect(line()).toBe('Cancelled');
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(bench.sent()).toMatchObject([{ type: 'retry', task: 1 }]);
    tell({ type: 'toast', level: 'info', title: '', message: 'ok', duration: 1 });
    // the kernel has heard it, and nothing has begun
    expect(find('.ib-Failure, .ib-Status')).toBeNull();
  });

  test('is nothing when it was cancelled', () => {
    show();
    tell(started(1), { type: 'stopping', task: 1 }, failed('cancelled'));
    expect(find('.ib-Failure, .ib-Status, .ib-Toast')).toBeNull();
  });
});

test('what has the focus keeps it when the tree around it is built anew', () => {
  show();
  const field = screen.getByDisplayValue('a');
  field.focus();
  const root = { id: 0, kind: 'blocks', props: {}, children: [9, 1] };
  const fresh = { id: 9, kind: 'textbox', props: { value: 'new' } };
  tell({ type: 'graft', removed: [2, 3], nodes: [root, fresh] });
  expect(screen.getByDisplayValue('new')).toBeDefined();
  expect(screen.queryByDisplayValue('b')).toBeNull();
  expect(document.activeElement).toBe(field);
  expect(field.isConnected).toBe(true);
});

test('a node that is gone has no status left to tell', () => {
  show();
  tell(started(1), { type: 'graft', removed: [1], nodes: [] });
  pass(500);
  expect(bench.page.store.node(node(1))).toBeUndefined();
  expect(find('.ib-Status')).toBeNull();
});
