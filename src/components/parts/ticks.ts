/** Style of native check boxes and radio buttons, in the app's own colours. */

/**
 * CSS for the ticks inside `root`, a class selector. Drawn by us because the browser's own ticks know
 * neither JupyterLab's theme nor the app's; with forced colours the browser draws them.
 */
export function tickCss(root: string): string {
  const tick = `${root} input:is([type='checkbox'], [type='radio'])`;
  return `
${tick} {
  appearance: none;
  flex: none;
  display: inline-grid;
  place-content: center;
  box-sizing: border-box;
  width: 16px;
  height: 16px;
  margin: 2px 0;
  border: 1px solid var(--ib-text-secondary);
  border-radius: 3px;
  background: var(--ib-input);
  cursor: pointer;
}
${root} input[type='radio'] { border-radius: 50%; }
${tick}:hover:not(:disabled) { border-color: var(--ib-accent); }
${tick}:is(:checked, :indeterminate[type='checkbox']) { border-color: var(--ib-accent); background: var(--ib-accent); }
${tick}::before { content: ''; width: 10px; height: 10px; background: var(--ib-on-accent); visibility: hidden; }
${root} input[type='checkbox']::before { clip-path: polygon(14% 47%, 4% 60%, 40% 92%, 96% 22%, 84% 12%, 38% 68%); }
${root} input[type='checkbox']:indeterminate::before { clip-path: inset(4px 1px); visibility: visible; }
${root} input[type='radio']::before { width: 6px; height: 6px; border-radius: 50%; }
${tick}:checked::before { visibility: visible; }
${tick}:disabled { opacity: 0.6; cursor: not-allowed; }
@media (forced-colors: active) {
  ${tick} { appearance: auto; }
  ${tick}::before { display: none; }
}
`;
}
