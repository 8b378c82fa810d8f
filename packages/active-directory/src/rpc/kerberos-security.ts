/** Kerberos as the RPC connection's security: DCE style, bare or inside SPNEGO ([MS-RPCE] 2.2.1.1.7, [MS-KILE] 3.4.5.4). */
import {
  type Credentials,
  type GssContext,
  KerberosError,
  krb5Initiator,
  spnegoInitiator,
} from '@kennel/kerberos';
import { AUTH_TYPE, type RpcSecurity, type SealParts } from './security.ts';

/** Length of the token that carries what sealing adds: header, extra bytes, header again, HMAC, confounder. */
const SIGNATURE = 76;

const layout = ({ header, body, trailer }: SealParts) => [
  { data: header, sealed: false },
  { data: body, sealed: true },
  { data: trailer, sealed: false },
];

/**
 * Security for one connection.
 * @param credentials a ticket for the controller's `ldap/<host name>`, with an AES key
 * @param options now: the controller's clock as far as known; spnego: negotiate as Windows clients do
 * @throws KerberosError by each method, as the GSS context of `@kennel/kerberos` does
 */
export function kerberosSecurity(
  credentials: Credentials,
  options: { now: Date; spnego?: boolean },
): RpcSecurity {
  const { now, spnego = false } = options;
  const initiate = spnego ? spnegoInitiator : krb5Initiator;
  const party = initiate(credentials, { now, dceStyle: true });
  let context: GssContext | undefined;
  const step = (token?: Uint8Array) => {
    const result = party.step(token);
    context = result.context ?? context;
    return result.token;
  };
  const established = (): GssContext => {
    if (context) return context;
    throw new KerberosError(
      'context-incomplete',
      'The domain controller ended the sign-in before it proved itself.',
    );
  };
  return {
    authType: spnego ? AUTH_TYPE.SPNEGO : AUTH_TYPE.KERBEROS,
    signatureLength: SIGNATURE,
    first: () => step() ?? new Uint8Array(0),
    next: (token) => step(token),
    seal(parts) {
      const { token, parts: pieces } = established().wrapParts(layout(parts));
      return { body: pieces[1] ?? new Uint8Array(0), signature: token };
    },
    open: (parts, signature) => established().unwrapParts(signature, layout(parts))[1] ?? new Uint8Array(0),
    get sessionKey() {
      return established().sessionKey.value;
    },
  };
}
