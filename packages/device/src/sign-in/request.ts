/**
 * The PRT request ([MS-OAPXBC] 3.2.5.1.2) and its renewal (3.1.5.1.3). The first is a JWS by the device's key, with the device's certificate and the
 * assertion inside. No time stands in it, so that this machine's clock does not matter; the tenant's nonce does.
 */
import { release } from 'node:os';
import {
  CLIENT_IDS,
  encodeBase64,
  GRANT_TYPES,
  PRT_SCOPES,
  signJwsBy,
  signWithSessionKey,
} from '@kennel/prt';
import type { SigningKey } from '../keys/device-keys.ts';

/** @returns the compact JWS */
export function prtRequest(by: {
  nonce: string;
  /** The five-member JSON text. */
  assertion: string;
  /** DER. */
  certificate: Uint8Array;
  deviceKey: SigningKey;
}): Promise<string> {
  const payload = {
    client_id: CLIENT_IDS.broker,
    request_nonce: by.nonce,
    scope: PRT_SCOPES.join(' '),
    grant_type: GRANT_TYPES.jwtBearer,
    win_ver: release(),
    assertion: by.assertion,
    session_key_enc: 'A256GCM', // Kennel's own: true GCM, in place of the CBC that the open brokers read
  };
  return signJwsBy(by.deviceKey.sign, { x5c: [encodeBase64(by.certificate)], kdf_ver: 2 }, payload);
}

/** @returns the compact JWS, under a key derived from the session key (version 2) */
export function renewalRequest(by: { nonce: string; prt: string; sessionKey: Uint8Array }): string {
  return signWithSessionKey(by.sessionKey, {
    client_id: CLIENT_IDS.broker,
    request_nonce: by.nonce,
    scope: PRT_SCOPES.join(' '),
    grant_type: GRANT_TYPES.refreshToken,
    refresh_token: by.prt,
    iss: 'aad:brokerplugin',
    win_ver: release(),
    session_key_enc: 'A256GCM',
  });
}
