/** The rows of what the sign-in page gives out. */

/** How someone proved who they are: with a security key, or with a Temporary Access Pass. */
export type ProofMethod = 'fido' | 'pass';

export interface WebSessionRow {
  token_hash: string;
  user_id: string;
  method: ProofMethod;
  /** The key that was shown last; null where it was a pass. */
  credential_id: string | null;
  /** The pass that it was begun with; null where it was a key. */
  pass_id: string | null;
  created_on: string;
  /** The last proof. */
  proven_on: string;
  seen_on: string;
  expires_on: string;
}

export interface AuthorizationCodeRow {
  code_hash: string;
  user_id: string;
  method: ProofMethod;
  credential_id: string | null;
  client_id: string;
  redirect_uri: string;
  /** PKCE, S256. */
  code_challenge: string | null;
  scope: string;
  resource: string | null;
  nonce: string | null;
  proven_on: string;
  expires_on: string;
  used: number;
}

export interface RefreshTokenRow {
  token_hash: string;
  /** The code's hash: all that came of one sign-in ends together. */
  family: string;
  user_id: string;
  method: ProofMethod;
  credential_id: string | null;
  client_id: string;
  scope: string;
  proven_on: string;
  expires_on: string;
  used: number;
}
