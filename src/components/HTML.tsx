import { useLayoutEffect, useRef } from 'react';

import { defineComponent, useServices, type View } from './component';
import { length, rootAttributes } from './parts/root';
import { Status } from './parts/Status';

/** The author's HTML: as it is, or in a notebook that nobody vouches for what the host lets through. */
function Body({ id, props }: View<'html'>): JSX.Element {
  const { sanitize, scopeSheets } = useServices();
  const content = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (content.current !== null) {
      content.current.querySelectorAll('a[href]').forEach(openOutside);
      scopeSheets?.(content.current);
    }
  }, [props.value, scopeSheets]);
  const card = props.container ? ' ib-card' : '';
  const padded = props.padding ? ' ib-is-padded' : '';
  const root = rootAttributes(props, `ib-HTML${card}${padded}`, id);
  const heights = { minHeight: length(props.minHeight), maxHeight: length(props.maxHeight) };
  return (
    <div {...root} style={{ ...root.style, ...heights }}>
      {props.showLabel && props.label !== null ? (
        <div className="ib-label">{props.label}</div>
      ) : null}
      <div
        ref={content}
        className="ib-HTML-content"
        dangerouslySetInnerHTML={{ __html: sanitize?.(props.value) ?? props.value }}
      />
      <Status id={id} />
    </div>
  );
}

/** A link that took the place of the notebook would lose what is not saved. */
function openOutside(link: Element): void {
  if (link.getAttribute('href')?.startsWith('#') !== true && !link.hasAttribute('target')) {
    link.setAttribute('target', '_blank');
    link.setAttribute('rel', 'noopener noreferrer');
  }
}

export const HTML = defineComponent(
  'html',
  Body,
  `
.ib-HTML { position: relative; min-width: 0; }
.ib-HTML:has(> .ib-Status) { animation: ib-room 0s 200ms forwards; }
.ib-HTML[style*='max-height'] { overflow: auto; }
.ib-HTML.ib-card { padding: 8px 12px 12px; }
.ib-HTML.ib-is-padded:not(.ib-card) { padding: 8px 12px; }
.ib-HTML > .ib-label { margin-bottom: 4px; }
.ib-HTML-content { overflow-wrap: break-word; }
.ib-HTML-content :where(a) { color: var(--jp-content-link-color, var(--ib-accent)); }
.ib-HTML-content :where(img, video, svg) { max-width: 100%; }
`
);
