import { useEffect, useRef, type RefObject } from 'react';

import { defineComponent, useServices, type Services, type View } from './component';
import { CopyButton } from './parts/CopyButton';
import { rootAttributes, length } from './parts/root';
import { Status } from './parts/Status';

type MarkdownProps = View<'markdown'>['props'];

function Body({ id, props, fire }: View<'markdown'>): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const services = useServices();
  const source = prepare(props);
  useRendered(host, services, source, !props.sanitizeHtml);
  const root = rootAttributes(props, `ib-Markdown${props.container ? ' ib-card' : ''}`, id);
  const heights = {
    height: length(props.height),
    maxHeight: length(props.maxHeight),
    minHeight: length(props.minHeight)
  };
  return (
    <div {...root} style={{ ...root.style, ...heights }} dir={props.rtl ? 'rtl' : undefined}>
      {props.showLabel && props.label !== null ? (
        <div className="ib-label">{props.label}</div>
      ) : null}
      {props.showCopyButton ? (
        <CopyButton text={props.value} onCopy={value => fire('copy', { value })} />
      ) : null}
      <div
        ref={host}
        className={`ib-Markdown-content${props.headerLinks ? '' : ' ib-has-no-anchors'}`}
      />
      <Status id={id} />
    </div>
  );
}

/**
 * Keep an element filled with the rendered source. One rendering at a time: an older one that takes longer
 * must not replace a newer one, and those that came meanwhile, but for the last, are not worth doing.
 */
function useRendered(
  host: RefObject<HTMLDivElement>,
  services: Services,
  source: string,
  trusted: boolean
): void {
  const last = useRef(Promise.resolve());
  useEffect(() => {
    const element = host.current;
    let stale = false;
    const draw = async (): Promise<void> => {
      if (!stale && element !== null) {
        await services.renderMarkdown(source, trusted, element);
      }
    };
    last.current = last.current.then(draw).catch(() => {
      // Unrendered words are better than none.
      if (!stale && element !== null) {
        element.textContent = source;
      }
    });
    return () => {
      stale = true;
    };
  }, [host, services, source, trusted]);
}

/** Source as the host's renderer wants it: its own delimiters for formulas, and hard line breaks. */
export function prepare(props: MarkdownProps): string {
  const broken = props.lineBreaks ? hardBreaks(props.value) : props.value;
  return props.latexDelimiters === null ? broken : translate(broken, props.latexDelimiters);
}

function hardBreaks(source: string): string {
  // Fenced code keeps its lines; elsewhere two spaces before the end make a break.
  return source
    .split(/(^```[\s\S]*?^```)/m)
    .map((part, index) => (index % 2 === 1 ? part : part.replace(/(\S) ?\n(?=\S)/g, '$1  \n')))
    .join('');
}

type Delimiters = NonNullable<MarkdownProps['latexDelimiters']>;

function translate(source: string, delimiters: Delimiters): string {
  const pairs = delimiters
    .map(({ left, right, display }) => [String(left), String(right), display === true] as const)
    // Longest first, so that `$$` is not read as two `$`.
    .sort((a, b) => b[0].length - a[0].length);
  let rest = source;
  let out = '';
  while (rest !== '') {
    const pair = pairs.find(([left]) => rest.startsWith(left));
    const end = pair === undefined ? -1 : rest.indexOf(pair[1], pair[0].length);
    if (pair !== undefined && end > 0) {
      const mark = pair[2] ? '$$' : '$';
      out += mark + rest.slice(pair[0].length, end) + mark;
      rest = rest.slice(end + pair[1].length);
    } else {
      // A dollar that is no delimiter here must not start a formula in the host's renderer.
      out += rest[0] === '$' ? '\\$' : (rest[0] ?? '');
      rest = rest.slice(1);
    }
  }
  return out;
}

export const Markdown = defineComponent(
  'markdown',
  Body,
  `
.ib-Markdown { position: relative; min-width: 0; }
.ib-Markdown:has(> .ib-Status) { animation: ib-room 0s 200ms forwards; }
.ib-Markdown-content { overflow: auto hidden; padding-bottom: 2px; }
.ib-Markdown[style*='height'] { overflow: auto; }
.ib-Markdown .jp-RenderedMarkdown, .ib-Markdown .jp-RenderedHTMLCommon {
  padding: 0; margin: 0; color: var(--ib-text); font-size: var(--ib-font-size);
  overflow-wrap: break-word;
}
.ib-Markdown .jp-RenderedHTMLCommon table { margin-inline: 0; }
.ib-Markdown .jp-RenderedHTMLCommon > :first-child { margin-top: 0; }
.ib-Markdown .jp-RenderedHTMLCommon > :last-child { margin-bottom: 0; }
.ib-Markdown .ib-has-no-anchors .jp-InternalAnchorLink { display: none; }
.ib-Markdown .ib-CopyButton { position: absolute; inset: 4px 4px auto auto; }
`
);
