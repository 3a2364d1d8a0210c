import { useMemo, useState, type MouseEvent, type ReactNode } from 'react';

import type { Json } from '../protocol/wire';
import { defineComponent, type View } from './component';
import { CopyButton } from './parts/CopyButton';
import { Frame } from './parts/Frame';
import {
  entriesOf,
  isBranch,
  jsonText,
  leafText,
  sizeOf,
  unfolded,
  type Branch,
  type Unfolding
} from './parts/jsonText';
import { length } from './parts/root';

/** Entries of a list or object that are drawn at first. */
const PAGE = 100;

/** What is unfolded without being asked, and with `open`. */
const SOME: Unfolding = { levels: 3, lines: 200, whole: true, page: PAGE };
const ALL: Unfolding = { levels: Infinity, lines: 1000, whole: false, page: PAGE };

/** Characters of a text that are drawn at first, and at most. */
const TEXT = 300;
const MAX_TEXT = 100_000;

function Body({ id, props }: View<'json'>): JSX.Element {
  const { value } = props;
  const unfolding = props.open ? ALL : SOME;
  const initial = useMemo(() => unfolded(value, unfolding), [value, unfolding]);
  const box = {
    height: length(props.height),
    maxHeight: length(props.maxHeight),
    minHeight: length(props.minHeight)
  };
  return (
    <Frame
      id={id}
      props={props}
      className="ib-JSON"
      title="JSON"
      as="output"
      tools={value === null ? undefined : <CopyButton text={() => jsonText(value)} />}
    >
      {() => (
        <div className="ib-JSON-box" style={box} tabIndex={0} data-lm-suppress-shortcuts="true">
          {value === null ? (
            <div className="ib-JSON-empty">No data yet</div>
          ) : (
            <Entry name={null} value={value} tree={{ initial, indices: props.showIndices }} last />
          )}
        </div>
      )}
    </Frame>
  );
}

/** What every line of a tree knows. */
interface Shared {
  readonly initial: ReadonlySet<Branch>;
  readonly indices: boolean;
}

interface EntryOptions {
  /** null for the root, and for entries of a list that are not numbered. */
  readonly name: ReactNode;
  readonly value: Json;
  readonly tree: Shared;
  /** No comma follows. */
  readonly last: boolean;
}

function Entry({ name, value, tree, last }: EntryOptions): JSX.Element {
  if (isBranch(value) && sizeOf(value) > 0) {
    return <Fold name={name} branch={value} tree={tree} last={last} />;
  }
  return (
    <div className="ib-JSON-row">
      {name}
      {isBranch(value) ? <Mark>{Array.isArray(value) ? '[]' : '{}'}</Mark> : <Leaf value={value} />}
      {last ? null : <Mark>,</Mark>}
    </div>
  );
}

/** A list or object. Its entries are drawn only while it is unfolded. */
function Fold({
  name,
  branch,
  tree,
  last
}: Omit<EntryOptions, 'value'> & { branch: Branch }): JSX.Element {
  const [chosen, setChosen] = useState<boolean | null>(null);
  const open = chosen ?? tree.initial.has(branch);
  const [left, right] = Array.isArray(branch) ? '[]' : '{}';
  const toggle = (event: MouseEvent): void => {
    // React draws what it unfolds to, in the same step.
    event.preventDefault();
    setChosen(!open);
  };
  const comma = last ? '' : ',';
  return (
    <details className="ib-JSON-fold" open={open}>
      <summary onClick={toggle}>
        {name}
        <Mark>{open ? left : `${left}…${right}${comma}`}</Mark>
        {open ? null : <span className="ib-JSON-size">{entries(sizeOf(branch))}</span>}
      </summary>
      {open ? (
        <>
          <Entries branch={branch} tree={tree} />
          <div className="ib-JSON-row">
            <Mark>
              {right}
              {comma}
            </Mark>
          </div>
        </>
      ) : null}
    </details>
  );
}

function entries(count: number): string {
  return count === 1 ? '1 entry' : `${count.toLocaleString('en')} entries`;
}

function Entries({ branch, tree }: { branch: Branch; tree: Shared }): JSX.Element {
  const [count, setCount] = useState(PAGE);
  const total = sizeOf(branch);
  const isList = Array.isArray(branch);
  const more = Math.min(count, total - count);
  return (
    <div className="ib-JSON-entries">
      {entriesOf(branch, count).map(([key, value], index) => (
        <Entry
          key={key}
          name={isList && !tree.indices ? null : <Name text={isList ? key : JSON.stringify(key)} />}
          value={value}
          tree={tree}
          last={index === total - 1}
        />
      ))}
      {more > 0 ? (
        <button type="button" className="ib-link" onClick={() => setCount(count + more)}>
          Show {more.toLocaleString('en')} more of {total.toLocaleString('en')}
        </button>
      ) : null}
    </div>
  );
}

function Name({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      <span className="ib-JSON-key">{text}</span>
      <Mark>: </Mark>
    </>
  );
}

function Mark({ children }: { readonly children: ReactNode }): JSX.Element {
  return <span className="ib-JSON-mark">{children}</span>;
}

function Leaf({ value }: { readonly value: Json }): JSX.Element {
  const [shown, setShown] = useState(TEXT);
  if (typeof value !== 'string' || value.length <= shown) {
    return <span className={`ib-JSON-${kindOf(value)}`}>{leafText(value)}</span>;
  }
  const all = value.length.toLocaleString('en');
  return (
    <>
      <span className="ib-JSON-string">{leafText(value.slice(0, shown)).slice(0, -1)}…</span>{' '}
      {shown < MAX_TEXT ? (
        <button type="button" className="ib-link" onClick={() => setShown(MAX_TEXT)}>
          Show all {all} characters
        </button>
      ) : (
        <span className="ib-JSON-size">{all} characters; the copy has all of them</span>
      )}
    </>
  );
}

function kindOf(value: Json): 'string' | 'number' | 'word' {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return 'number';
    case 'boolean':
      return 'word';
    default:
      return value === null ? 'word' : 'string';
  }
}

// Colours are those of the editor, so that data looks as it does in a cell.
const Tree = defineComponent(
  'json',
  Body,
  `
.ib-JSON-box {
  box-sizing: border-box;
  overflow: auto;
  font-family: var(--ib-font-mono);
  border-radius: var(--ib-radius);
}
.ib-JSON-empty {
  padding: 16px; color: var(--ib-text-secondary); font-family: var(--ib-font); text-align: center;
}
.ib-JSON-row, .ib-JSON-fold > summary { padding-inline-start: 16px; overflow-wrap: anywhere; }
.ib-JSON-row { white-space: pre-wrap; }
.ib-JSON-fold > summary { position: relative; cursor: pointer; list-style: none; white-space: pre-wrap; }
.ib-JSON-fold > summary::-webkit-details-marker { display: none; }
.ib-JSON-fold > summary::before {
  content: '';
  position: absolute; inset: 6px auto auto 4px;
  border: 4px solid transparent;
  border-inline-start-color: var(--ib-text-secondary);
}
.ib-JSON-fold[open] > summary::before {
  inset: 8px auto auto 2px;
  border-color: var(--ib-text-secondary) transparent transparent;
}
/* Forced colours would fill the triangles up to squares. */
@media (forced-colors: active) {
  .ib-JSON-fold > summary::before { --ib-text-secondary: CanvasText; forced-color-adjust: none; }
}
.ib-JSON-fold > summary:hover { background: var(--ib-panel); }
.ib-JSON-fold > summary:focus-visible { outline-offset: -2px; }
.ib-JSON-entries { margin-inline-start: 16px; min-width: 160px; }
.ib-JSON-entries > .ib-link { margin-inline-start: 16px; font-family: var(--ib-font); }
.ib-JSON-row > .ib-link { font-family: var(--ib-font); }
.ib-JSON-mark { color: var(--ib-text-secondary); }
.ib-JSON-size {
  margin-inline-start: 8px; color: var(--ib-text-secondary);
  font-family: var(--ib-font); font-size: calc(var(--ib-font-size) - 1px);
}
.ib-JSON-key { color: var(--jp-mirror-editor-property-color, #05a); }
.ib-JSON-string { color: var(--jp-mirror-editor-string-color, #ba2121); }
.ib-JSON-number { color: var(--jp-mirror-editor-number-color, #080); }
.ib-JSON-word { color: var(--jp-mirror-editor-operator-color, #7800c2); }
`
);

// Exported under another name than it has here, where JSON is the language's own.
export { Tree as JSON };
