/**
 * The members of the requests and answers of the PRT protocol ([MS-OAPXBC] 3.1.5.1 and 3.2.5.1): names and
 * JSON types, where strings that look like numbers are strings on purpose.
 */

/** The outer form of a PRT request. `tgt` is "true" in any case. */
export interface PrtRequestForm {
  windows_api_version: '2.0' | '2.2';
  grant_type: string;
  /** A compact JWS: RS256 with `x5c` for a first request, HS256 with `ctx` for a renewal. */
  request: string;
  client_info?: '1';
  tgt?: string;
}

/** The payload of `request` in a first PRT request. */
export interface PrtRequestPayload {
  client_id: string;
  request_nonce: string;
  scope: string;
  grant_type: string;
  /** The five-member FIDO2 assertion as a JSON string, or a compact JWS. */
  assertion?: string;
  refresh_token?: string;
  win_ver?: string;
  tgt?: string | boolean;
}

/** The payload of `request` when a PRT is used or renewed; the times are strings of epoch seconds (UTC). */
export interface PrtUsePayload {
  client_id: string;
  scope: string;
  request_nonce: string;
  refresh_token: string;
  grant_type: 'refresh_token';
  iss: 'aad:brokerplugin';
  aud?: string;
  iat?: string;
  exp?: string;
  resource?: string;
  redirect_uri?: string;
}

/** The value of `tgt_ad` and of `tgt_cloud`, itself a JSON string. */
export interface TgtMessage {
  /** Compact JWE under the session key, of the raw 32-byte client key. */
  clientKey: string;
  /** 18: AES-256. */
  keyType: number;
  /** Standard base64 of a DER AS-REP. */
  messageBuffer: string;
  realm: string;
  /** krbtgt/REALM. */
  sn: string;
  /** The client's name. */
  cn: string;
  sessionKeyType: number;
  accountType: number;
  error?: string;
}

/** The answer to a PRT request. */
export interface PrtAnswer {
  token_type: 'pop';
  expires_in: string;
  ext_expires_in: string;
  expires_on: string;
  refresh_token: string;
  refresh_token_expires_in: number;
  /** Only in the first answer; a renewal keeps the session key. */
  session_key_jwe?: string;
  id_token: string;
  client_info: string;
  device_tenant_id: string;
  tgt_client_key?: string;
  tgt_key_type?: number;
  tgt_message_buffer?: string;
  tgt_ad?: string;
  tgt_cloud?: string;
  kerberos_top_level_names?: string;
  /** Why there is no ticket; the PRT is good all the same. */
  tgt_error_message?: string;
  /** Kennel's own: what a device may do without the tenant. Only to clients that ask for A256GCM. */
  offline_sign_in?: OfflineTerms;
}

/** The key that signed in, and for how many days after this answer its holder may be signed in offline; 0: never. */
export interface OfflineTerms {
  /** Base64url. */
  credential_id: string;
  /** COSE key, base64url. */
  public_key: string;
  days: number;
}

/** An error answer of the token endpoint (RFC 6749, section 5.2, with the numbers that brokers read). */
export interface TokenError {
  error: string;
  error_description: string;
  error_codes?: number[];
  suberror?: string;
}
