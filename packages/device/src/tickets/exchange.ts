/** The exchange at a domain controller (RFC 4120 section 3.3): the partial TGT for a full one. */
import {
  type Credentials,
  type KdcAddress,
  KerberosError,
  KrbErrorReply,
  krbtgt,
  requestTicket,
  type TgsResult,
  tcpTransport,
} from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import { DC_ERRORS } from '../errors/peers.ts';

/**
 * Asks one domain controller after the other until one answers; a refusal is an answer. This machine's clock is
 * compensated by what the domain controller says of its own.
 *
 * @throws DeviceError `dc-unreachable`, `dc-answer-malformed`, or the refusal (`details.dcError` is its name)
 */
export async function exchange(
  tgt: Credentials,
  kdcs: readonly KdcAddress[],
  now: () => Date,
): Promise<TgsResult> {
  const { realm } = tgt.client;
  const silent: string[] = [];
  for (const address of kdcs) {
    try {
      const sname = krbtgt(realm);
      const result = await requestTicket({ tgt, sname, realm, transport: tcpTransport(address), now });
      const { server } = result.credentials;
      if (server.name.nameString.join('/') !== `krbtgt/${realm}`)
        throw malformed('it is no ticket-granting ticket');
      return result;
    } catch (error) {
      if (!(error instanceof KerberosError)) throw error;
      if (error instanceof KrbErrorReply) throw refusal(error);
      if (error.code !== 'kdc-unreachable' && error.code !== 'kdc-timeout') throw malformed(error.code);
      silent.push(`${address.host}:${address.port}`);
    }
  }
  throw new DeviceError('dc-unreachable', { about: silent.join(', '), details: { silent } });
}

function refusal(reply: KrbErrorReply): DeviceError {
  const code = (reply.errorName && DC_ERRORS[reply.errorName]) ?? 'dc-refused';
  const dcError = reply.errorName ?? String(reply.errorCode);
  const about = `${dcError} ${reply.errorCode}`;
  return new DeviceError(code, { about, details: { ...reply.details, dcError }, cause: reply });
}

const malformed = (about: string) => new DeviceError('dc-answer-malformed', { about });
