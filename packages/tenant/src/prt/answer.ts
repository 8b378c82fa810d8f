/**
 * The answer to a PRT request, in the members and JSON types that the existing brokers read; the ticket in both
 * of the spellings that are in use.
 */
import {
  encodeBase64,
  encodeBase64Url,
  encryptWithSessionKey,
  type OfflineTerms,
  PRT_LIFETIME_SECONDS,
  type PrtAnswer,
  type TgtMessage,
} from '@kennel/prt';
import type { UserRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';
import { idToken } from '../tokens/rules.ts';
import type { Ticket } from './ticket.ts';

/** What the device asked for, and how it reads the answer. */
export interface Asked {
  clientId: string;
  wantsTicket: boolean;
  /** True GCM under the session key, or the CBC that the existing brokers read. */
  mode: 'gcm' | 'cbc';
}

interface Issued {
  asked: Asked;
  user: UserRow;
  prt: string;
  sessionKey: Uint8Array;
  sessionKeyJwe?: string;
  /** Undefined where none was asked for. */
  ticket: Ticket | undefined;
  offline: OfflineTerms | undefined;
}

export function prtAnswer(tenant: Tenant, issued: Issued): PrtAnswer {
  const { user, asked, ticket, sessionKeyJwe } = issued;
  const { tenantId } = tenant.config;
  const expires = Math.floor(tenant.now().getTime() / 1000) + PRT_LIFETIME_SECONDS;
  return {
    token_type: 'pop',
    expires_in: String(PRT_LIFETIME_SECONDS),
    ext_expires_in: '0',
    expires_on: String(expires),
    refresh_token: issued.prt,
    refresh_token_expires_in: PRT_LIFETIME_SECONDS,
    ...(sessionKeyJwe === undefined ? {} : { session_key_jwe: sessionKeyJwe }),
    id_token: idToken(tenant, user, asked.clientId),
    client_info: encodeBase64Url(Buffer.from(JSON.stringify({ uid: user.id, utid: tenantId }))),
    device_tenant_id: tenantId,
    ...(ticket === undefined ? {} : ticketMembers(ticket, issued)),
    ...(issued.offline !== undefined && { offline_sign_in: issued.offline }),
  };
}

function ticketMembers(ticket: Ticket, { sessionKey, asked }: Issued): Partial<PrtAnswer> {
  const noCloud = JSON.stringify({ ...EMPTY, error: 'tgt-no-cloud-realm' });
  if (!ticket.made) {
    return {
      tgt_ad: JSON.stringify({ ...EMPTY, error: ticket.code }),
      tgt_cloud: noCloud,
      tgt_error_message: ticket.message,
    };
  }
  const { tgt } = ticket;
  const clientKey = encryptWithSessionKey(sessionKey, tgt.clientKey, asked.mode);
  const messageBuffer = encodeBase64(tgt.messageBuffer);
  const message: TgtMessage = {
    ...EMPTY,
    clientKey,
    keyType: tgt.keyType,
    messageBuffer,
    realm: tgt.realm,
    sn: tgt.sname,
    cn: tgt.cname,
    sessionKeyType: tgt.keyType,
  };
  return {
    tgt_client_key: clientKey,
    tgt_key_type: tgt.keyType,
    tgt_message_buffer: messageBuffer,
    tgt_ad: JSON.stringify(message),
    tgt_cloud: noCloud,
    kerberos_top_level_names: ticket.topLevelNames,
  };
}

/** Every member is there, whatever happened: clients read them without asking. */
const EMPTY: TgtMessage = {
  clientKey: '',
  keyType: 0,
  messageBuffer: '',
  realm: '',
  sn: '',
  cn: '',
  sessionKeyType: 0,
  accountType: 0,
};
