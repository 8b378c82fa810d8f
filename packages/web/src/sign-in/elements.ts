/** The parts of the page that its script speaks through. */
import { CeremonyError } from '../ceremony/ceremony-error.ts';

/** An element that the tenant has rendered. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}

/** What is going on; read out by screen readers. */
export function say(text: string): void {
  element('status', HTMLElement).textContent = text;
}

/** Before the next try: what was said of the last one, and that one was signed out, is not true any more. */
export function hideSaid(): void {
  element('error', HTMLElement).hidden = true;
  document.querySelector('.notice')?.remove();
}

/** Whether the button's work is going on: it keeps the focus meanwhile, as a disabled one would not. */
export const isBusy = (button: HTMLButtonElement) => button.ariaDisabled === 'true';

export function setBusy(button: HTMLButtonElement, busy: boolean): void {
  if (busy) button.ariaDisabled = 'true';
  else button.removeAttribute('aria-disabled');
}

/** Shows an error and puts the focus on it. */
export function showError(error: unknown): void {
  const known = error instanceof CeremonyError;
  element('error-title', HTMLElement).textContent = known ? error.title : 'That did not work';
  element('error-text', HTMLElement).textContent = known
    ? error.message
    : error instanceof Error && error.message !== ''
      ? error.message
      : 'Load the page again. If it persists, tell your administrator.';
  const trace = element('error-trace', HTMLElement);
  if (known && error.traceId !== undefined) trace.textContent = error.traceId;
  if (trace.parentElement !== null) trace.parentElement.hidden = trace.textContent === '';
  const box = element('error', HTMLElement);
  box.hidden = false;
  box.focus();
}
