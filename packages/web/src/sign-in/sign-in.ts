/**
 * Signing in with a key: in the field of the name, where the browser offers passkeys there, and by the button. One
 * ceremony at a time; its answer goes to the tenant as a form, so that the browser follows to wherever it leads.
 */
import { browserSupportsWebAuthn, browserSupportsWebAuthnAutofill } from '@simplewebauthn/browser';
import { CeremonyError } from '../ceremony/ceremony-error.ts';
import { assertionMembers, getAssertion } from '../ceremony/run.ts';
import { element, hideSaid, isBusy, say, setBusy, showError } from './elements.ts';
import type { PageConfig } from './page-config.ts';
import { freshConfig, keysOf, reportFailure } from './tenant.ts';

export function signInPage(first: PageConfig): void {
  const form = element('key-form', HTMLFormElement);
  const button = element('use-key', HTMLButtonElement);
  const login = element('login', HTMLInputElement);
  let config = first;
  let issued = performance.now();
  let attempt = 0;

  const optionsFor = (ids: readonly string[]) => ({
    challenge: toBase64Url(config.sFidoChallenge),
    rpId: config.kennel.rpId,
    timeout: config.kennel.timeout,
    userVerification: 'required' as const,
    ...(ids.length > 0 && { allowCredentials: ids.map((id) => ({ id, type: 'public-key' as const })) }),
  });
  const report = (failure: Parameters<typeof reportFailure>[1]) => reportFailure(config, failure);

  const renew = async () => {
    config = await freshConfig(config);
    issued = performance.now();
  };
  const renewIfOld = async () => {
    if (performance.now() - issued > config.kennel.challengeLifetime) await renew();
  };

  /** Hands the key's answer over; the page ends here. */
  const send = (assertion: Awaited<ReturnType<typeof getAssertion>>) => {
    const put = (name: string, value: string) => {
      const field = form.elements.namedItem(name);
      if (field instanceof HTMLInputElement) field.value = value;
    };
    put('assertion', JSON.stringify(assertionMembers(assertion)));
    put('ctx', config.sCtx);
    put('flowToken', config.sFT);
    say('Signing you in.');
    form.submit();
  };

  const byButton = async () => {
    attempt++;
    hideSaid();
    setBusy(button, true);
    say('Follow the dialog of your browser, then touch your key when it blinks.');
    try {
      await renewIfOld();
      const name = login.value.trim();
      send(await getAssertion(optionsFor(name === '' ? [] : await keysOf(config, name)), report));
    } catch (error) {
      setBusy(button, false);
      say('');
      showError(error);
      await renew().catch(() => {}); // the next try says what is wrong
      void byField();
    }
  };

  /** Waits, out of sight, until a passkey is chosen in the field; begun anew before its challenge is over. */
  const byField = async () => {
    if (!(await browserSupportsWebAuthnAutofill())) return;
    const mine = ++attempt;
    const renewal = setTimeout(() => {
      if (mine !== attempt) return;
      void renew().then(byField, () => {});
    }, config.kennel.challengeLifetime);
    try {
      const assertion = await getAssertion(optionsFor([]), async () => undefined, true);
      if (mine === attempt) send(assertion);
    } catch (error) {
      // It ends whenever another ceremony begins; only what a person has caused is told.
      if (mine === attempt && error instanceof CeremonyError && error.kind === 'wrong-site') showError(error);
    } finally {
      clearTimeout(renewal);
    }
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!button.disabled && !isBusy(button)) void byButton();
  });
  // Brought back by the back button: the answer of then is spent.
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) window.location.reload();
  });
  const box = element('error', HTMLElement);
  if (!box.hidden) box.focus();
  if (!browserSupportsWebAuthn()) {
    button.disabled = true;
    showError(new CeremonyError('browser-unsupported', 'assertion'));
    return;
  }
  void byField();
}

/** Text of ASCII characters as base64url. */
const toBase64Url = (text: string) =>
  btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
