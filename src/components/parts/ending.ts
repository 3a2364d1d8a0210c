/** Keeps the end of what grows in view, until the person scrolls away from it. */

/** Pixels from the end that count as being there. */
const NEAR = 4;

/**
 * A browser tells of scrolling only with the next frame, when more may have been added: not to be at the end says
 * nothing then. Away goes who scrolls up, in a text that has not become shorter.
 */
export class EndKeeper {
  private keeps = true;
  private top = 0;
  private height = 0;

  /** To the end, where that is wanted; call it after what the element shows has changed. */
  follow(element: HTMLElement): void {
    if (this.keeps) {
      element.scrollTop = element.scrollHeight;
      this.remember(element);
    }
  }

  /** The element was scrolled, by whomever. */
  scrolled(element: HTMLElement): void {
    const { scrollTop, scrollHeight, clientHeight } = element;
    if (scrollTop + clientHeight >= scrollHeight - NEAR) {
      this.keeps = true;
    } else if (scrollTop < this.top && scrollHeight >= this.height) {
      this.keeps = false;
    }
    this.remember(element);
  }

  private remember({ scrollTop, scrollHeight }: HTMLElement): void {
    this.top = scrollTop;
    this.height = scrollHeight;
  }
}
