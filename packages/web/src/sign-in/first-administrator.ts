/** Registering the key of the first administrator. The link's secret is behind the `#`, which no server is sent. */
import { browserSupportsWebAuthn } from '@simplewebauthn/browser';
import { CeremonyError } from '../ceremony/ceremony-error.ts';
import { createCredential } from '../ceremony/run.ts';
import { element, hideSaid, isBusy, say, setBusy, showError } from './elements.ts';
import { postJson, reportTo } from './tenant.ts';

export function firstAdministratorPage(urls: {
  urlOptions: string;
  urlRegister: string;
  urlReport: string;
}): void {
  const form = element('admin-form', HTMLFormElement);
  const button = element('register', HTMLButtonElement);
  const token = window.location.hash.slice(1);
  if (token === '') {
    button.disabled = true;
    showError(
      new Error('This page is opened by the link that the tenant prints when it starts. Open that link.'),
    );
    return;
  }
  if (!browserSupportsWebAuthn()) {
    button.disabled = true;
    showError(new CeremonyError('browser-unsupported', 'registration'));
    return;
  }
  const register = async () => {
    hideSaid();
    const field = element('upn', HTMLInputElement);
    const userPrincipalName = field.value.trim();
    const isName = /^[^@\s]+@[^@\s]+$/.test(userPrincipalName);
    field.ariaInvalid = String(!isName);
    if (isName) field.removeAttribute('aria-describedby');
    else {
      field.setAttribute('aria-describedby', 'error-text');
      showError(new Error('Your user name looks like admin@corp.example.com: a name, an @, and a domain.'));
      return;
    }
    const displayName = element('display-name', HTMLInputElement).value.trim();
    const given = { token, userPrincipalName, ...(displayName !== '' && { displayName }) };
    setBusy(button, true);
    say('Follow the dialog of your browser, then touch your key when it blinks.');
    try {
      const options = await postJson(urls.urlOptions, given);
      const credential = await createCredential(
        options as unknown as Parameters<typeof createCredential>[0], // the tenant's options
        (failure) => reportTo(urls.urlReport, { token, failure }),
      );
      await postJson(urls.urlRegister, { ...given, credential });
      window.location.replace('/security-info');
    } catch (error) {
      setBusy(button, false);
      say('');
      showError(error);
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (!button.disabled && !isBusy(button)) void register();
  });
}
