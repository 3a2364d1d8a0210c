/**
 * An app as a table of labels and values in plain HTML, for readers of a notebook where no app can be drawn:
 * GitHub, exports. `ipyblocks/runtime/saved.py` writes the same for the first time.
 */
import { Binary, type Json, type Node, type NodeId } from '../protocol/wire';
import { pack } from '../protocol/codec';
import { MOST_BYTES, type SmallPictures } from './small';
import { keptNodes } from './snapshot';
import type { Store } from './store';

/** Characters of one value. */
const MOST_TEXT = 10_000;

const PICTURES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** What opens a value: exports by nbconvert put table cells to the right, and code with them. */
const TD = '<td style="text-align: left">';

/**
 * The picture of a tree, without what is not to be kept.
 *
 * @param words - What to say under it.
 * @param small - Stands for pictures that are too large; without, words do.
 */
export function pictureOf(store: Store, words: string, small?: SmallPictures): string {
  const nodes = new Map(
    keptNodes(store, small).map(node => [node.id, withSmall(node, small)] as const)
  );
  const rows = store.root === null ? [] : rowsOf(store.root, nodes);
  const title = escape(store.app?.title ?? '');
  const table = `<table>\n${rows.join('\n')}\n</table>`;
  return `<p><strong>${title}</strong></p>\n${table}\n<p><small>${escape(words)}</small></p>`;
}

function withSmall(node: Node, small?: SmallPictures): Node {
  const value = node.props['value'] ?? null;
  const isLarge = value instanceof Binary && value.data.byteLength > MOST_BYTES;
  const instead = isLarge ? (small?.of(value) ?? null) : null;
  return instead === null ? node : { ...node, props: { ...node.props, value: instead } };
}

function rowsOf(id: NodeId, nodes: ReadonlyMap<NodeId, Node>): string[] {
  const node = nodes.get(id);
  if (node === undefined || (node.props['visible'] ?? true) !== true) {
    return [];
  }
  const label = node.props['label'];
  const name = typeof label === 'string' ? escape(label) : '';
  if (node.children === undefined) {
    const value = cellOf(node);
    return name === '' && value === '' ? [] : [`<tr><th>${name}</th>${TD}${value}</td></tr>`];
  }
  const inner = node.children.flatMap(child => rowsOf(child, nodes));
  return name === '' || inner.length === 0
    ? inner
    : [`<tr><th colspan="2">${name}</th></tr>`, ...inner];
}

function cellOf({ kind, props }: Node): string {
  const value = props['value'] ?? null;
  if (kind === 'button') {
    return typeof value === 'string' ? `[${escape(value)}]` : '';
  }
  if (value instanceof Binary) {
    return imageOf(value);
  }
  const text = kind === 'html' && typeof value === 'string' ? textOf(value) : words(value, kind);
  const short = text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;
  return short.includes('\n') ? `<pre>${escape(short)}</pre>` : escape(short);
}

function words(value: Json, kind: string): string {
  if (typeof value === 'boolean') {
    return value ? 'yes' : 'no';
  }
  if (typeof value !== 'object') {
    return String(value);
  }
  if (value === null) {
    return '';
  }
  if (Array.isArray(value) && value.every(each => typeof each !== 'object')) {
    return value.join(', ');
  }
  if (kind === 'label' && 'label' in value) {
    const parts = (value['confidences'] ?? []) as readonly { label: Json; confidence: Json }[];
    const shares = parts.map(each => `${words(each.label, '')}: ${words(each.confidence, '')}`);
    return [words(value['label'] ?? null, ''), ...shares].join('\n');
  }
  return JSON.stringify(pack(value, []), null, 1);
}

function imageOf({ data, mimeType }: Binary): string {
  if (!PICTURES.has(mimeType) || data.byteLength > MOST_BYTES) {
    return escape(`(${mimeType}, ${data.byteLength} bytes)`);
  }
  const text = Array.from(data, byte => String.fromCharCode(byte)).join('');
  return `<img src="data:${mimeType};base64,${btoa(text)}">`;
}

/** What is read of HTML. */
function textOf(html: string): string {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  body.querySelectorAll('script, style').forEach(element => element.remove());
  return (body.textContent ?? '').split(/\s+/).join(' ').trim();
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#x27;'
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, c => ENTITIES[c] ?? c);
}
