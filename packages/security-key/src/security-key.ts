/** The one interface to a security key, whatever is behind it. */

/** What a key says of itself (authenticatorGetInfo; CTAP 2.1, section 6.4). */
export interface KeyInfo {
  /** Lower-case UUID of the model. */
  readonly aaguid: string;
  /** For example FIDO_2_0, FIDO_2_1. */
  readonly versions: readonly string[];
  readonly extensions: readonly string[];
  readonly options: Readonly<Record<string, boolean>>;
  readonly clientPinSet: boolean;
  readonly pinProtocols: readonly number[];
  /** COSE numbers; empty where the key does not say. */
  readonly algorithms: readonly number[];
  readonly transports: readonly string[];
  /** Bytes. */
  readonly maxMsgSize: number;
  readonly minPinLength: number;
  /** Whether nothing goes until the PIN is changed. */
  readonly pinChangeNeeded: boolean;
}

export interface MakeCredentialRequest {
  readonly rpId: string;
  readonly rpName?: string;
  /** 1 to 64 bytes. */
  readonly userHandle: Uint8Array;
  readonly userName: string;
  readonly userDisplayName?: string;
  /** SHA-256 of clientDataJSON, 32 bytes. */
  readonly clientDataHash: Uint8Array;
  /** COSE numbers, best first. */
  readonly algorithms: readonly number[];
  readonly residentKey: boolean;
  readonly pin: string;
  readonly excludeCredentialIds?: readonly Uint8Array[];
  readonly hmacSecret?: boolean;
}

export interface NewCredential {
  readonly credentialId: Uint8Array;
  /** CBOR, as WebAuthn gives it to the RP: fmt, attStmt, authData. */
  readonly attestationObject: Uint8Array;
  /** Whether the key gave the credential an hmac-secret. */
  readonly hmacSecret: boolean;
}

export interface GetAssertionRequest {
  readonly rpId: string;
  /** SHA-256 of clientDataJSON, 32 bytes. */
  readonly clientDataHash: Uint8Array;
  readonly pin: string;
  /** Absent or empty: any resident credential of the RP, the newest first. */
  readonly allowCredentialIds?: readonly Uint8Array[];
  /** One salt of 32 bytes, or two in 64. */
  readonly hmacSecretSalt?: Uint8Array;
}

export interface KeyAssertion {
  readonly credentialId: Uint8Array;
  readonly authenticatorData: Uint8Array;
  /** DER ECDSA, or Ed25519's 64 bytes. */
  readonly signature: Uint8Array;
  /** Only of a resident credential. */
  readonly userHandle?: Uint8Array;
  /** 32 bytes a salt; absent where the credential was made without hmac-secret. */
  readonly hmacSecret?: Uint8Array;
}

/** A credential that the key itself keeps. Names are the site's; control characters in them are replaced. */
export interface ResidentCredential {
  readonly rpId: string;
  readonly credentialId: Uint8Array;
  readonly userHandle: Uint8Array;
  readonly userName?: string;
  readonly userDisplayName?: string;
}

/** A FIDO2 security key. Every method throws SecurityKeyError; calls on one key are carried out one after another. */
export interface SecurityKey {
  info(): Promise<KeyInfo>;
  pinRetries(): Promise<{ retries: number; powerCycleNeeded: boolean }>;
  setPin(pin: string): Promise<void>;
  changePin(oldPin: string, newPin: string): Promise<void>;
  /**
   * Has the key refuse everything until its PIN is changed (CTAP 2.1, section 6.11.4). Throws `unsupported-option`
   * where it cannot: many keys of CTAP 2.0 and 2.1.
   */
  forcePinChange(pin: string): Promise<void>;
  makeCredential(request: MakeCredentialRequest): Promise<NewCredential>;
  getAssertion(request: GetAssertionRequest): Promise<KeyAssertion>;
  /** Every resident credential, site by site. */
  listCredentials(pin: string): Promise<readonly ResidentCredential[]>;
  /** Throws `no-credentials` where the key keeps none of this id. */
  deleteCredential(pin: string, credentialId: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
