/** The footer: what runs and waits, and the log. */
import { act, fireEvent, screen } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';

import { bench, find, pass, show, tell, useShown } from './shown';
import { queued, started } from './support';

useShown();

describe('the footer', () => {
  const open = (details: HTMLElement): void =>
    act(() => {
      details.toggleAttribute('open', true);
      fireEvent(details, new Event('toggle'));
    });
  const log = (text: string, stream = 'stdout'): object => ({
    type: 'log',
    entries: [{ task: 1, name: 'work', stream, text }],
    dropped: 0
  });

  test('lists what runs and what waits, each with a way to stop it', () => {
    show();
    tell(started(1), queued(2, { name: 'other', nodes: [2], position: 0, size: 1 }));
    expect(find('.ib-Footer')!.textContent).toBe('');
    pass(1100);
    const tasks = find('.ib-Footer-tasks')!;
    expect(tasks.textContent).toBe('1 running, 1 waiting');
    open(tasks);
    expect([...tasks.querySelectorAll('li')].map(each => each.textContent)).toEqual([
      'workWorking… · 1.1 sCancel',
      'other1 of 1 in queueCancel'
    ]);
    fireEvent.click(tasks.querySelector<HTMLElement>('[aria-label="Cancel other"]')!);
    expect(bench.sent()).toMatchObject([{ type: 'cancel', task: 2 }]);
  });

  test('lists a task also when a timer comes before the clock says so', () => {
    show();
    tell(started(1));
    bench.clock.pass(995);
    act(() => {
      vi.advanceTimersByTime(1000);
    });
    expect(find('.ib-Footer')!.textContent).toBe('');
    bench.clock.pass(5);
    act(() => {
      vi.advanceTimersByTime(5);
    });
    expect(find('.ib-Footer')!.textContent).toBe('1 running');
  });

  test('has its place before it has anything to say, and when it has nothing more', () => {
    show();
    const footer = find('.ib-Footer')!;
    tell(started(1));
    pass(1100);
    expect(footer.textContent).toBe('1 running');
    tell({ type: 'done', task: 1 });
    expect(find('.ib-Footer')).toBe(footer);
    expect(footer.textContent).toBe('');
  });

  test('no row moves while the list is open: what has ended keeps its own until it is folded', () => {
    show();
    tell(started(1), queued(2, { name: 'other', nodes: [2], position: 0, size: 1 }));
    pass(1100);
    const tasks = find('.ib-Footer-tasks')!;
    const rows = (): (string | null)[] =>
      [...tasks.querySelectorAll('li')].map(row => row.textContent);
    open(tasks);
    tell({ type: 'done', task: 1 });
    expect(rows()).toEqual(['workEnded', 'other1 of 1 in queueCancel']);
    expect(tasks.querySelector('summary')!.textContent).toBe('1 waiting');
    tell({ type: 'done', task: 2 });
    expect(rows()).toEqual(['workEnded', 'otherEnded']);
    expect(tasks.querySelector('summary')!.textContent).toBe('Nothing is running');
    act(() => {
      tasks.removeAttribute('open');
      fireEvent(tasks, new Event('toggle'));
    });
    expect(find('.ib-Footer')!.textContent).toBe('');
  });

  test('a full list forgets what has ended', () => {
    show();
    tell(...[...Array(60).keys()].map(index => queued(index + 1, { position: index, size: 60 })));
    pass(1100);
    open(find('.ib-Footer-tasks')!);
    tell(...[...Array(59).keys()].map(index => ({ type: 'done', task: index + 1 })));
    tell(queued(61, { position: 1, size: 2 }));
    pass(1100);
    expect(document.querySelectorAll('.ib-Footer li')).toHaveLength(2);
  });

  test('lists at most 50', () => {
    show();
    tell(...[...Array(60).keys()].map(index => queued(index + 1, { position: index, size: 60 })));
    pass(1100);
    open(find('.ib-Footer-tasks')!);
    expect(document.querySelectorAll('.ib-Footer li')).toHaveLength(51);
    expect(find('.ib-Footer li:last-child')!.textContent).toBe('… and 10 more');
  });

  test('has a log that folds, opens at its end, follows it, and can be cleared', () => {
    const end = vi.spyOn(Element.prototype, 'scrollHeight', 'get').mockReturnValue(1000);
    show();
    tell(log('one\n'), log('two\nthree', 'stderr'));
    const fold = find('.ib-Footer-log')!;
    expect(fold.textContent).toBe('Log · 3 lines');
    open(fold);
    const text = fold.querySelector('pre')!;
    expect(text.textContent).toBe('one\ntwo\nthree');
    expect(text.querySelector('.ib-is-stderr')!.textContent).toBe('two\nthree');
    expect(text.scrollTop).toBe(1000);
    end.mockReturnValue(2000);
    tell(log('four\n'));
    expect(text.scrollTop).toBe(2000);
    text.scrollTop = 0;
    fireEvent.scroll(text);
    tell(log('five\n'));
    expect(text.scrollTop).toBe(0);
    fireEvent.click(screen.getByRole('button', { name: 'Clear' }));
    expect(text.textContent).toBe('');
    tell(log('six\n'));
    expect(text.textContent).toBe('six\n');
  });
});
