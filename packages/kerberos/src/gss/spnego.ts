/** Negotiate in one round trip, as HTTP has it (RFC 4559): a token to send, and one to accept. */
import type { Accepted, AcceptOptions } from '../ap/accept.ts';
import type { Credentials } from '../credentials.ts';
import { KerberosError } from '../errors.ts';
import { spnegoAcceptor } from './spnego-acceptor.ts';
import { spnegoInitiator } from './spnego-initiator.ts';

/**
 * The first token for a service, and the check of its answer. Kerberos is tried at once (mutual authentication asked for).
 * @param now the service's clock as far as known
 * @example
 * const { token, check } = initiateNegotiate(credentials, new Date());
 * const authorization = `Negotiate ${Buffer.from(token).toString('base64')}`;
 */
export function initiateNegotiate(
  credentials: Credentials,
  now: Date,
): { token: Uint8Array; check(answer: Uint8Array): void } {
  const initiator = spnegoInitiator(credentials, { now, confidentiality: false });
  return {
    token: initiator.step().token ?? new Uint8Array(0),
    check(answer) {
      if (!initiator.step(answer).context)
        throw new KerberosError('token-refused', 'The service did not accept the token at once.');
    },
  };
}

/**
 * Accepts the first token of a client, SPNEGO or bare Kerberos.
 * @returns who came, and the token to send back
 * @throws KerberosError `token-malformed`, `token-refused` (no Kerberos offered), and those of `acceptApReq`
 * @example
 * const replays = new ReplayCache(); // one for the service
 * const { ticket, pac, answer } = acceptNegotiate(token, { findKey: () => serviceKey, now: new Date(), replays });
 * const buffers = pac && verifyPac(pac, { server: serviceKey });
 */
export function acceptNegotiate(
  token: Uint8Array,
  options: AcceptOptions,
): Accepted & { answer: Uint8Array } {
  const { token: answer = new Uint8Array(0), context } = spnegoAcceptor(options).step(token);
  if (!context?.accepted)
    throw new KerberosError(
      'token-refused',
      'Only Kerberos is admitted here, and the client sent no Kerberos token. Get a ticket first (klist shows it).',
    );
  return { ...context.accepted, answer };
}
