/**
 * The tenant's answer to a PRT request, opened and held against itself: whose it is, the session key under the
 * transport key, and the partial TGT under the session key, or why there is none.
 */
import {
  CLIENT_IDS,
  decodeBase64,
  decryptWithSessionKey,
  type OfflineTerms,
  PrtError,
  parseJws,
  unwrapSessionKeyBy,
} from '@kennel/prt';
import { DeviceError, plainText } from '../errors/device-error.ts';
import { TENANT_SUBERRORS } from '../errors/peers.ts';
import type { TransportKey } from '../keys/device-keys.ts';
import { readingAnswer } from '../tenant/client.ts';
import { idTokenClaims, type PrtAnswer, tgtMessage } from '../tenant/messages.ts';
import { openPartialTgt, type PartialTgt } from '../tickets/partial-tgt.ts';

export interface OpenedAnswer {
  user: { upn: string; name: string; objectId: string };
  prt: string;
  /** 32 bytes. */
  sessionKey: Uint8Array;
  /** By the tenant's clock. */
  issuedOn: Date;
  expiresOn: Date;
  /** Or why there is none. */
  partialTgt: PartialTgt | DeviceError;
  topLevelNames: string | undefined;
  offline: OfflineTerms | undefined;
}

/**
 * @param openKey gives the session key: out of the answer's JWE, or the one that a renewal keeps
 * @param from the endpoint, and the id of the tenant that was joined
 * @throws DeviceError `tenant-answer-malformed`, `tenant-answer-foreign`
 */
export function openAnswer(
  answer: PrtAnswer,
  openKey: (jwe: string | undefined) => Promise<Uint8Array>,
  from: { endpoint: string; tenantId: string },
): Promise<OpenedAnswer> {
  return readingAnswer(from.endpoint, async () => {
    const user = userOf(answer.id_token, from.tenantId);
    const sessionKey = await openKey(answer.session_key_jwe);
    const issued = answer.expires_on - answer.expires_in;
    return {
      user,
      prt: answer.refresh_token,
      sessionKey,
      issuedOn: new Date(issued * 1000),
      expiresOn: new Date((issued + answer.refresh_token_expires_in) * 1000),
      partialTgt: ticketOf(answer, sessionKey),
      topLevelNames: answer.kerberos_top_level_names,
      offline: answer.offline_sign_in,
    };
  });
}

/** The token came over TLS from the endpoint that issued it, which stands for its signature (OIDC Core 3.1.3.7). */
function userOf(idToken: string, tenantId: string): OpenedAnswer['user'] {
  const { data: claims } = idTokenClaims.safeParse(parseJws(idToken).payload);
  if (claims === undefined) throw contradiction('its id_token names no user');
  if (claims.tid !== tenantId) throw contradiction('its id_token is from another tenant');
  if (claims.aud !== CLIENT_IDS.broker) throw contradiction('its id_token is for another client');
  return { upn: claims.upn, name: plainText(claims.name), objectId: claims.oid };
}

/** The session key of a sign-in, under the transport key. */
export const underTransportKey = (transportKey: TransportKey) => async (jwe: string | undefined) => {
  if (jwe === undefined) throw contradiction('it holds no session key');
  try {
    return await unwrapSessionKeyBy(transportKey.decrypt, jwe);
  } catch (error) {
    if (!(error instanceof PrtError) || error.code !== 'decryption-failed') throw error;
    throw new DeviceError('tenant-answer-foreign', { details: { cause: error.code } });
  }
};

/** The session key that a renewal keeps. */
export const unchanged = (sessionKey: Uint8Array) => async (jwe: string | undefined) => {
  if (jwe !== undefined) throw contradiction('it changes the session key in a renewal');
  return sessionKey;
};

/** The ticket of `tgt_ad`, and of the documented members beside it, which must say the same where both are there. */
function ticketOf(answer: PrtAnswer, sessionKey: Uint8Array): PartialTgt | DeviceError {
  const message = answer.tgt_ad === undefined ? undefined : readMessage(answer.tgt_ad);
  const beside = {
    clientKey: answer.tgt_client_key ?? '',
    keyType: answer.tgt_key_type ?? 0,
    messageBuffer: answer.tgt_message_buffer ?? '',
  };
  const said = beside.messageBuffer === '' && message !== undefined ? message : beside;
  if (said.messageBuffer === '') return withoutTicket(answer, message?.error);
  if (message !== undefined) {
    const { clientKey, keyType, messageBuffer, error } = message;
    const same =
      messageBuffer === said.messageBuffer && clientKey === said.clientKey && keyType === said.keyType;
    if (!same || error) throw contradiction('tgt_ad and the members beside it name different tickets');
  }
  const tgt = openPartialTgt({
    clientKey: decryptWithSessionKey(sessionKey, said.clientKey),
    keyType: said.keyType,
    messageBuffer: decodeBase64(said.messageBuffer, said.messageBuffer.length),
  });
  const { realm, name } = tgt.credentials.client;
  if (message !== undefined && (message.realm !== realm || message.cn !== name.nameString.join('/'))) {
    throw contradiction('tgt_ad names another user or realm than its ticket');
  }
  return tgt;
}

function readMessage(text: string) {
  try {
    return tgtMessage.parse(JSON.parse(text));
  } catch {
    throw contradiction('tgt_ad cannot be read'); // the parser's text would quote it
  }
}

/** An error that is a result: the PRT is good all the same. */
function withoutTicket(answer: PrtAnswer, code: string | undefined): DeviceError {
  const words = plainText(answer.tgt_error_message ?? '');
  const details = {
    ...(code && { serverErrorCode: plainText(code, 128) }),
    ...(words !== '' && { serverErrorText: words }),
  };
  const known =
    code !== undefined && Object.hasOwn(TENANT_SUBERRORS, code) ? TENANT_SUBERRORS[code] : undefined;
  if (known !== undefined) return new DeviceError(known, { details });
  if (words === '' && !code) return new DeviceError('ticket-not-offered', { details });
  return new DeviceError('ticket-not-made', { about: words || plainText(code), details });
}

const contradiction = (about: string) => new DeviceError('tenant-answer-malformed', { about });
