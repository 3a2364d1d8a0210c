/** The end that stays in view. */
import { describe, expect, test } from 'vitest';

import { EndKeeper } from '../../src/components/parts/ending';

/** An element of this height in a window of 100; as in a browser, it cannot be scrolled past its end. */
function element(height: number) {
  let top = 0;
  return {
    clientHeight: 100,
    scrollHeight: height,
    get scrollTop() {
      return Math.min(top, Math.max(0, this.scrollHeight - this.clientHeight));
    },
    set scrollTop(value: number) {
      top = value;
      top = this.scrollTop;
    }
  };
}

type Scrolled = HTMLElement & ReturnType<typeof element>;

const make = (height: number): Scrolled => element(height) as unknown as Scrolled;

describe('the end of what grows', () => {
  test('stays in view when more was added before the browser told of the scrolling', () => {
    const end = new EndKeeper();
    const text = make(500);
    end.follow(text);
    text.scrollHeight = 580;
    end.scrolled(text);
    end.follow(text);
    expect(text.scrollTop).toBe(480);
  });

  test('stays in view when the text became short and grew again before the browser told', () => {
    const end = new EndKeeper();
    const text = make(2000);
    end.follow(text);
    text.scrollHeight = 20;
    text.scrollTop = 0;
    text.scrollHeight = 300;
    end.scrolled(text);
    end.follow(text);
    expect(text.scrollTop).toBe(200);
  });

  test('is left when the person scrolls up, and kept again when they are back', () => {
    const end = new EndKeeper();
    const text = make(500);
    end.follow(text);
    text.scrollTop = 300;
    end.scrolled(text);
    text.scrollHeight = 600;
    end.follow(text);
    expect(text.scrollTop).toBe(300);
    text.scrollTop = 400;
    end.scrolled(text);
    end.follow(text);
    expect(text.scrollTop).toBe(400);
    text.scrollTop = 498;
    end.scrolled(text);
    text.scrollHeight = 700;
    end.follow(text);
    expect(text.scrollTop).toBe(600);
  });
});
