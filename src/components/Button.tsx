import { Binary } from '../protocol/wire';
import { defineComponent, type View } from './component';
import { useComesBack } from './parts/focus';
import { Picture } from './parts/Picture';
import { rootAttributes } from './parts/root';

function Body({ id, props, fire }: View<'button'>): JSX.Element {
  const control = useComesBack<HTMLButtonElement>(props.interactive);
  const root = rootAttributes(
    props,
    `ib-Button ib-is-${props.variant} ib-is-${props.size ?? 'md'}`,
    id
  );
  const caption = (
    <>
      {props.icon instanceof Binary ? (
        <Picture className="ib-Button-icon" value={props.icon} alt="" />
      ) : null}
      {props.value}
    </>
  );
  const click = (): void => fire('click');
  if (props.link !== null && props.interactive) {
    return (
      <a
        {...root}
        href={safeLink(props.link)}
        target={props.linkTarget}
        rel="noreferrer"
        onClick={click}
      >
        {caption}
      </a>
    );
  }
  return (
    <button {...root} ref={control} type="button" disabled={!props.interactive} onClick={click}>
      {caption}
    </button>
  );
}

/** `javascript:` and other addresses that run code lead nowhere. */
function safeLink(link: string): string | undefined {
  return /^(https?:|mailto:|tel:|[^:]*$|[^:]*[/?#])/i.test(link) ? link : undefined;
}

export const Button = defineComponent(
  'button',
  Body,
  `
.ib-Button {
  box-sizing: border-box;
  display: inline-flex; align-items: center; justify-content: center; gap: 8px;
  min-height: var(--ib-control-height);
  padding: 4px 16px;
  border: 1px solid var(--ib-border-strong);
  border-radius: var(--ib-radius);
  background: var(--ib-card);
  color: var(--ib-text);
  font: inherit; font-weight: 500; text-align: center; text-decoration: none;
  cursor: pointer;
}
.ib-Button:hover:not(:disabled) { background: var(--ib-hover); color: var(--ib-text); }
.ib-Button:active:not(:disabled) { background: var(--ib-pressed); }
.ib-Button:disabled { opacity: 0.5; cursor: not-allowed; }
.ib-Button.ib-is-sm { min-height: 24px; padding: 0 8px; }
.ib-Button.ib-is-lg { min-height: 36px; padding: 4px 24px; font-size: calc(var(--ib-font-size) + 1px); }
.ib-Button.ib-is-primary, .ib-Button.ib-is-primary:hover:not(:disabled) {
  background: var(--ib-accent); border-color: transparent; color: var(--ib-on-accent);
}
.ib-Button.ib-is-primary:hover:not(:disabled) { background: var(--ib-accent-hover); }
.ib-Button.ib-is-primary:active:not(:disabled) { background: color-mix(in srgb, var(--ib-accent) 72%, #000); }
.ib-Button.ib-is-stop { color: var(--ib-error); border-color: currentColor; }
.ib-Button.ib-is-stop:hover:not(:disabled) { background: color-mix(in srgb, var(--ib-error) 8%, var(--ib-card)); color: var(--ib-error); }
.ib-Button.ib-is-stop:active:not(:disabled) { background: color-mix(in srgb, var(--ib-error) 16%, var(--ib-card)); }
.ib-Button-icon { width: 16px; height: 16px; object-fit: contain; }
`
);
