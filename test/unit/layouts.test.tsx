import { act, cleanup, fireEvent, render, screen, type RenderResult } from '@testing-library/react';
import { afterEach, describe, expect, test } from 'vitest';

import type { Services } from '../../src/components/component';
import { App } from '../../src/host/App';
import type { Json } from '../../src/protocol/wire';
import { livePage, patch, type Bench } from './support';

afterEach(cleanup);

type Changes = Readonly<Record<string, Json>>;

interface Sketch {
  readonly kind: string;
  readonly props?: Changes;
  readonly events?: readonly string[];
  readonly children?: readonly number[];
}

const SERVICES = { renderMarkdown: () => Promise.resolve() } as unknown as Services;

class Drawn {
  readonly bench: Bench;
  readonly view: RenderResult;
  private seq = 0;

  /** Draw nodes, by id from 1; the first is the root's only child. */
  constructor(nodes: readonly Sketch[]) {
    const rest = nodes.map((node, i) => ({ props: {}, ...node, id: i + 1 }));
    this.bench = livePage({
      nodes: [{ id: 0, kind: 'blocks', props: {}, children: [1] }, ...rest]
    });
    this.view = render(<App page={this.bench.page} services={SERVICES} />);
  }

  patch(id: number, props: Changes): void {
    act(() => {
      this.bench.deliver([patch(++this.seq, id, props)], 1_000_000);
      this.bench.clock.frame();
    });
  }

  /** What was sent since the last call, in short. */
  sent(): unknown[] {
    return this.bench.sent().map(message => {
      switch (message.type) {
        case 'set':
          return message.props;
        case 'event':
          return [message.node, message.name, message.data];
        default:
          return message.type;
      }
    });
  }

  find(selector: string): HTMLElement {
    return this.view.container.querySelector<HTMLElement>(selector)!;
  }
}

// --- tabs ------------------------------------------------------------------------------------------

const tab = (label: string, child: number, props: Changes = {}, events: string[] = []): Sketch => ({
  kind: 'tab',
  props: { label, ...props },
  children: [child],
  events
});
const field = (label: string): Sketch => ({ kind: 'textbox', props: { label } });

/** Tabs "One" (by position), "Two" (id "b"), "Off" (not interactive), "Four" (by position). */
function drawTabs(props: Changes = {}): Drawn {
  return new Drawn([
    { kind: 'tabs', props, children: [2, 3, 4, 5], events: ['select'] },
    tab('One', 6),
    tab('Two', 7, { id: 'b' }, ['select']),
    tab('Off', 8, { interactive: false }),
    tab('Four', 9),
    ...['in one', 'in two', 'in off', 'in four'].map(field)
  ]);
}

const buttons = (): HTMLElement[] => screen.getAllByRole('tab');
const selected = (): (string | null)[] =>
  buttons()
    .filter(each => each.getAttribute('aria-selected') === 'true')
    .map(each => each.textContent);
const press = (key: string): void => {
  fireEvent.keyDown(document.activeElement!, { key });
};

describe('tabs', () => {
  test('show the first, and are told apart for assistive technology', () => {
    drawTabs();
    expect(selected()).toEqual(['One']);
    const [one] = buttons();
    const panel = screen.getByRole('tabpanel', { name: 'One' });
    expect(one!.getAttribute('aria-controls')).toBe(panel.id);
    expect(panel.getAttribute('aria-labelledby')).toBe(one!.id);
    expect(buttons().map(each => each.tabIndex)).toEqual([0, -1, -1, -1]);
  });

  test.each([
    [{ selected: 'b' }, 'Two'],
    [{ selected: 3 }, 'Four'],
    // A function may show one that the person cannot.
    [{ selected: 2 }, 'Off'],
    [{ selected: 'gone' }, 'One']
  ])('show what %j says', (props, label) => {
    drawTabs(props);
    expect(selected()).toEqual([label]);
  });

  test('tell the kernel once, first the value and then the events', () => {
    const drawn = drawTabs();
    fireEvent.click(screen.getByRole('tab', { name: 'Two' }));
    fireEvent.click(screen.getByRole('tab', { name: 'Two' }));
    const data = { index: 1, value: 'Two', selected: true };
    expect(drawn.sent()).toEqual([{ selected: 'b' }, [1, 'select', data], [3, 'select', data]]);
  });

  test('name a tab without an id by its position', () => {
    const drawn = drawTabs();
    fireEvent.click(screen.getByRole('tab', { name: 'Four' }));
    expect(drawn.sent()[0]).toEqual({ selected: 3 });
  });

  test('draw a panel when it is first shown, and keep it', () => {
    drawTabs();
    expect(screen.queryByLabelText('in two')).toBeNull();
    fireEvent.click(screen.getByRole('tab', { name: 'Two' }));
    const input = screen.getByLabelText('in two');
    fireEvent.click(screen.getByRole('tab', { name: 'One' }));
    expect(screen.getByLabelText('in two')).toBe(input);
    expect(input.closest('[role=tabpanel]')).toHaveProperty('hidden', true);
  });

  test('draw a panel at once that asks for it', () => {
    new Drawn([
      { kind: 'tabs', children: [2, 3] },
      tab('One', 4),
      tab('Two', 5, { renderChildren: true }),
      field('in one'),
      field('in two')
    ]);
    expect(screen.getByLabelText('in two')).toBeDefined();
  });

  test('follow the arrows, Home and End, past what cannot be used', () => {
    drawTabs();
    buttons()[0]!.focus();
    const path = ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'Home', 'End'].map(key => {
      press(key);
      return [document.activeElement!.textContent, ...selected()].join();
    });
    expect(path).toEqual(['Two,Two', 'Four,Four', 'One,One', 'Four,Four', 'One,One', 'Four,Four']);
    expect(buttons().map(each => each.tabIndex)).toEqual([-1, -1, -1, 0]);
  });

  test('leave other keys alone', () => {
    const drawn = drawTabs();
    buttons()[0]!.focus();
    expect(fireEvent.keyDown(buttons()[0]!, { key: 'x' })).toBe(true);
    expect(drawn.sent()).toEqual([]);
  });

  test('follow what functions change of them', () => {
    const drawn = drawTabs();
    drawn.patch(2, { label: 'Uno' });
    expect(selected()).toEqual(['Uno']);
    drawn.patch(2, { visible: false });
    expect(buttons().map(each => each.textContent)).toEqual(['Two', 'Off', 'Four']);
    expect(selected()).toEqual(['Two']);
    drawn.patch(3, { visible: 'hidden' });
    expect(selected()).toEqual(['Four']);
    drawn.patch(4, { interactive: true });
    expect(screen.getByRole('tab', { name: 'Off' })).toHaveProperty('disabled', false);
    drawn.patch(2, { visible: true });
    drawn.patch(1, { selected: 0 });
    expect(selected()).toEqual(['Uno']);
  });

  test('draw no strip when none can be seen', () => {
    const drawn = new Drawn([{ kind: 'tabs', children: [2] }, tab('One', 3, { visible: false })]);
    expect(drawn.find('.ib-Tabs-strip').childElementCount).toBe(0);
  });

  test('inside tabs are independent', () => {
    new Drawn([
      { kind: 'tabs', children: [2, 3] },
      tab('One', 4),
      tab('Two', 7),
      { kind: 'tabs', children: [5, 6] },
      tab('Inner one', 8),
      tab('Inner two', 8),
      field('in two'),
      field('deep')
    ]);
    fireEvent.click(screen.getByRole('tab', { name: 'Inner two' }));
    expect(selected()).toEqual(['One', 'Inner two']);
  });
});

// --- accordion -------------------------------------------------------------------------------------

function drawAccordion(open: boolean): Drawn {
  const events = ['expand', 'collapse'];
  const props = { label: 'More', open };
  return new Drawn([{ kind: 'accordion', props, children: [2], events }, field('inside')]);
}

describe('an accordion', () => {
  test('opens and closes, and tells', () => {
    const drawn = drawAccordion(false);
    expect(screen.queryByLabelText('inside')).toBeNull();
    fireEvent.click(screen.getByText('More'));
    expect(drawn.find('details')).toHaveProperty('open', true);
    expect(screen.getByLabelText('inside')).toBeDefined();
    fireEvent.click(screen.getByText('More'));
    expect(drawn.find('details')).toHaveProperty('open', false);
    expect(drawn.sent()).toEqual([
      { open: true },
      [1, 'expand', null],
      { open: false },
      [1, 'collapse', null]
    ]);
  });

  test('follows a function without telling it', () => {
    const drawn = drawAccordion(true);
    drawn.patch(1, { open: false, label: 'Less' });
    fireEvent(drawn.find('details'), new Event('toggle'));
    expect(drawn.find('details')).toHaveProperty('open', false);
    expect(screen.getByText('Less')).toBeDefined();
    expect(drawn.sent()).toEqual([]);
  });

  test('that the browser opens for a search tells so', () => {
    const drawn = drawAccordion(true);
    drawn.find('details').removeAttribute('open');
    fireEvent(drawn.find('details'), new Event('toggle'));
    expect(drawn.sent()[0]).toEqual({ open: false });
  });
});

// --- sizes -----------------------------------------------------------------------------------------

const sized = (scale: number | null, minWidth: number, visible = true): Sketch => ({
  kind: 'textbox',
  props: { scale, minWidth, visible }
});

describe('sizes', () => {
  test('of a form are the sums of those of its fields', () => {
    const drawn = new Drawn([
      { kind: 'row', children: [2] },
      { kind: 'form', children: [3, 4, 5] },
      sized(4, 100),
      sized(null, 160),
      sized(7, 50, false)
    ]);
    const form = drawn.find('.ib-Form').style;
    expect(form.getPropertyValue('--ib-grow')).toBe('5');
    expect(form.getPropertyValue('--ib-min-width')).toBe('min(260px, 100%)');
    drawn.patch(5, { visible: true });
    expect(form.getPropertyValue('--ib-grow')).toBe('12');
  });

  test('of a form grow downwards only where a field asks for it', () => {
    const drawn = new Drawn([{ kind: 'form', children: [2] }, sized(null, 160)]);
    expect(drawn.find('.ib-Form').style.getPropertyValue('--ib-stretch')).toBe('');
    drawn.patch(2, { scale: 1 });
    expect(drawn.find('.ib-Form').style.getPropertyValue('--ib-stretch')).toBe('1');
  });

  test('of a row are lengths, and what does not fit scrolls', () => {
    const row = new Drawn([{ kind: 'row', props: { height: 90, minHeight: '2em' } }]).find(
      '.ib-Row'
    );
    expect([row.style.height, row.style.minHeight, row.style.overflow]).toEqual([
      '90px',
      '2em',
      'auto'
    ]);
  });

  test('of scale 0 are no more than needed', () => {
    const drawn = new Drawn([{ kind: 'row', children: [2] }, sized(0, 160)]);
    expect(drawn.find('.ib-Textbox').style.getPropertyValue('--ib-basis')).toBe('auto');
  });
});

describe.each(['row', 'column', 'group', 'accordion', 'tabs'])('a %s', kind => {
  test('goes, is hidden, and comes back', () => {
    const drawn = new Drawn([{ kind, props: { elemId: 'it' } }]);
    const it = (): HTMLElement | null => document.getElementById('it');
    drawn.patch(1, { visible: 'hidden' });
    expect(it()).toHaveProperty('hidden', true);
    drawn.patch(1, { visible: false });
    expect(it()).toBeNull();
    drawn.patch(1, { visible: true });
    expect(it()).toHaveProperty('hidden', false);
  });
});
