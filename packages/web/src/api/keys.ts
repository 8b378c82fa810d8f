/** One's own keys, as `/api/keys` has them, and the ceremonies that change them. */
import type { OwnKeys } from '@kennel/tenant/wire';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { reportFailure } from '../ceremony/report.ts';
import { assertionMembers, createCredential, getAssertion } from '../ceremony/run.ts';
import { api } from './client.ts';

const address = (id: string) => `/api/keys/${encodeURIComponent(id)}`;

export const loadKeys = () => api.get<OwnKeys>('/api/keys');

/** Needs a fresh proof of the session. */
export const registrationOptions = () =>
  api.post<PublicKeyCredentialCreationOptionsJSON>('/api/keys/options');

export async function registerKey(
  options: PublicKeyCredentialCreationOptionsJSON,
  displayName: string,
): Promise<void> {
  const credential = await createCredential(options, reportFailure);
  await api.post('/api/keys', { displayName, credential });
}

export const renameKey = (id: string, displayName: string) => api.patch(address(id), { displayName });

/** Asks for another key, and removes this one. */
export async function removeKeyByKey(id: string): Promise<void> {
  await api.delete(address(id), { assertion: await prove(id) });
}

/** In a session that a pass has just begun. */
export const removeKeyByPass = (id: string, lastKeyConfirmed: boolean) =>
  api.delete(address(id), { lastKeyConfirmed });

/** Makes the session fresh. */
export async function renewProof(): Promise<void> {
  await api.post('/api/proof', { assertion: await prove() });
}

async function prove(removing?: string): Promise<string> {
  const asked = removing === undefined ? {} : { removing };
  const options = await api.post<PublicKeyCredentialRequestOptionsJSON>('/api/proof/options', asked);
  return JSON.stringify(assertionMembers(await getAssertion(options, reportFailure)));
}
