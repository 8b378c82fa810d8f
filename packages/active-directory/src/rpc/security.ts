/** What the RPC connection asks of a security mechanism ([MS-RPCE] 3.3.1.5.2); the header is signed with the body, always. */

export const AUTH_TYPE = { SPNEGO: 9, NTLM: 10, KERBEROS: 16 } as const;
/** Packet privacy: signed and sealed. The only level used here. */
export const AUTH_LEVEL_PRIVACY = 6;

/** A fragment in the three parts that go over the wire: call header, stub with padding, sec_trailer. */
export interface SealParts {
  header: Uint8Array;
  body: Uint8Array;
  trailer: Uint8Array;
}

/** One security context, for one connection. */
export interface RpcSecurity {
  /** 16 Kerberos, 9 SPNEGO, 10 NTLM. */
  readonly authType: number;
  /** The server says nothing to the last token, which then goes in an auth3 ([MS-RPCE] 2.2.2.5). */
  readonly lastIsUnanswered?: boolean;
  /** The token of the bind. */
  first(): Uint8Array;
  /** Takes the server's token; the next token for it, or undefined where nothing is left to say. */
  next(token: Uint8Array): Uint8Array | undefined;
  /** Signs all parts and seals the body, which keeps its length. */
  seal(parts: SealParts): { body: Uint8Array; signature: Uint8Array };
  /** The body in clear. @throws where anything was changed on the way */
  open(parts: SealParts, signature: Uint8Array): Uint8Array;
  /** Bytes of each signature. */
  readonly signatureLength: number;
  /** The mechanism's session key, whole: what DRSUAPI decrypts attributes with. Known when the context stands. */
  readonly sessionKey: Uint8Array;
}
