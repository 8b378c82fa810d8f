/** Rows for the store's contract, and how one of its tests is written. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Store } from '../../src/store/open.ts';
import type { CredentialRow, DeviceRow, PrtRow, UserRow } from '../../src/store/schema.ts';

/** A test over two connections to one database, where there can be several. */
export type StoreTest = (name: string, run: (store: Store, other: Store) => Promise<unknown>) => void;

export const NOW = '2026-01-02T03:04:05.678Z';
export const LATER = '2026-01-02T03:09:05.678Z';
export function newUser(more: Partial<UserRow> = {}): UserRow {
  const id = randomUUID();
  return {
    id,
    user_principal_name: `${id}@example.com`,
    upn_folded: `${id}@example.com`,
    display_name: 'Zoë “Quote” O’Neill \u{1f511}',
    enabled: 1,
    role: 'user',
    user_handle: randomBytes(32).toString('base64url'),
    on_premises_sid: null,
    on_premises_sam_account_name: null,
    on_premises_domain_name: null,
    created_on: NOW,
    ...more,
  };
}

export const newCredential = (userId: string): CredentialRow => ({
  id: randomBytes(32).toString('base64url'),
  user_id: userId,
  public_key: 'pQ',
  counter: 4_294_967_290,
  aaguid: randomUUID(),
  attestation_format: 'none',
  attestation_object: 'oA',
  statement_verified: 1,
  transports: '["usb"]',
  backup_eligible: 0,
  backed_up: 0,
  display_name: 'key',
  created_on: NOW,
  last_used_on: null,
  last_used_where: null,
  removed_on: null,
});

export const newDevice = (userId: string): DeviceRow => ({
  id: randomUUID(),
  display_name: 'workstation',
  join_type: 0,
  operating_system: 'Linux',
  os_version: '12',
  enabled: 1,
  certificate_sha256: randomBytes(32).toString('hex'),
  certificate: 'AA',
  transport_key: 'AA',
  registered_by: userId,
  registered_on: NOW,
  last_seen_on: null,
});

export const newPrt = (userId: string, deviceId: string, family: string = randomUUID()): PrtRow => ({
  token_hash: randomBytes(32).toString('base64url'),
  user_id: userId,
  device_id: deviceId,
  session_key_sealed: 'AA',
  kdf_version: 2,
  issued_on: NOW,
  expires_on: LATER,
  family,
  credential_id: null,
  authenticated_on: NOW,
  superseded_on: null,
  used: 0,
});
