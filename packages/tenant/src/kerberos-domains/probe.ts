/**
 * Probes: whether a domain controller takes a ticket that this tenant signs, tried by an administrator. The tenant
 * makes the whole request and reads the whole answer itself; whoever carries both sees only sealed messages. So
 * an administrator can prove a key, and nobody gets a ticket by it (docs/decisions/0012-probes.md).
 */
import {
  KerberosError,
  Key,
  KrbErrorReply,
  krbtgt,
  makeTgsRequest,
  mintPartialTgt,
  openAsRep,
  type PartialTgt,
  readTgsReply,
} from '@kennel/kerberos';
import { open, seal } from '@kennel/secrets';
import { z } from 'zod';
import { TenantError } from '../errors.ts';
import { ticketFor } from '../prt/ticket.ts';
import type { KerberosDomainRow, UserRow } from '../store/schema.ts';
import type { Caller, Tenant } from '../tenant.ts';
import { findUser } from '../users/rules.ts';
import { mintingKey } from './keys.ts';
import { domainRow } from './pending-key.ts';
import type { NewProbe, Probe, ProbeAnswer, ProbeResult } from './schema.ts';

/** A domain controller refuses a ticket that has two minutes left or less. */
const LIFETIME_SECONDS = 600;
/** Administrator ([MS-DTYP] 2.4.2.4): denied by the lists of every Kerberos server object. */
const DENIED_RID = 500;

/** Refusals that come after the ticket was opened: of the account, not of the key. */
const KEY_KNOWN: readonly string[] = [
  'TGT_REVOKED',
  'POLICY',
  'CLIENT_REVOKED',
  'KEY_EXPIRED',
  'NAME_EXP',
  'C_PRINCIPAL_UNKNOWN',
];
/** Refusals because the ticket cannot be opened. */
const KEY_UNKNOWN: readonly string[] = ['BAD_INTEGRITY', 'BADKEYVER', 'MODIFIED', 'NOT_US', 'ETYPE_NOSUPP'];

/** What is sealed into the token. */
const askedTicket = z.strictObject({
  realm: z.string(),
  nameType: z.int(),
  name: z.array(z.string()),
  etype: z.int(),
  subkey: z.base64(),
  nonce: z.int(),
  keyVersion: z.int(),
  user: z.string().nullable(),
  expires: z.int(),
});

/**
 * @param by `ownUsersOnly`: whether users of other domains are nobody to who asks, as they are to a connector
 * @throws TenantError `kerberos-domain-not-found`, `krbtgt-key-not-pending`, `user-not-found`, `probe-user-elsewhere`, `tgt-*`
 */
export async function makeProbe(
  tenant: Tenant,
  { ownUsersOnly, ...by }: Caller & { ownUsersOnly: boolean },
  dnsName: string,
  { key, user: name }: NewProbe,
): Promise<Probe> {
  const row = await domainRow(tenant, dnsName);
  const { kvno } = mintingKey(tenant, row, key);
  const subject = `kerberos-domain:${row.dns_name} ${key} key`;
  const user =
    name === undefined
      ? undefined
      : ownUsersOnly
        ? await userOfDomain(tenant, row, name)
        : await findUser(tenant.store, name);
  const tgt = user ? await ticketOf(tenant, by, row, user, key) : deniedTicket(tenant, row, key);
  const now = tenant.now();
  const partial = openAsRep(tgt.messageBuffer, new Key(tgt.keyType, tgt.clientKey));
  const asked = makeTgsRequest({ tgt: partial, sname: krbtgt(row.realm), realm: row.realm }, now);
  const state: z.infer<typeof askedTicket> = {
    realm: asked.client.realm,
    nameType: asked.client.name.nameType,
    name: [...asked.client.name.nameString],
    etype: asked.subkey.etype,
    subkey: Buffer.from(asked.subkey.value).toString('base64'),
    nonce: asked.nonce,
    keyVersion: kvno & 0xffff,
    user: user?.id ?? null,
    expires: now.getTime() + LIFETIME_SECONDS * 1000,
  };
  await tenant.audit.record({
    ...by,
    event: 'probe.minted',
    subject: user ? `user:${user.id} ${subject}` : subject,
    outcome: 'allowed',
  });
  return {
    request: Buffer.from(asked.message).toString('base64'),
    token: Buffer.from(
      seal(tenant.master, tokenLabel(row.dns_name), Buffer.from(JSON.stringify(state))),
    ).toString('base64url'),
  };
}

/** A user of this domain; everybody else is nobody, whatever they are called. @throws TenantError `user-not-found` */
async function userOfDomain(tenant: Tenant, row: KerberosDomainRow, name: string): Promise<UserRow> {
  const user = await findUser(tenant.store, name).catch((error: unknown) => {
    if (error instanceof TenantError) return undefined;
    throw error;
  });
  if (user?.on_premises_domain_name === row.dns_name) return user;
  throw new TenantError('user-not-found', `There is no user ${name} of ${row.dns_name}.`);
}

/** The same rules as for a sign-in, so that a probe says what a sign-in would. */
async function ticketOf(
  tenant: Tenant,
  by: Caller,
  row: KerberosDomainRow,
  user: UserRow,
  key: NewProbe['key'],
): Promise<PartialTgt> {
  if (user.on_premises_domain_name !== null && user.on_premises_domain_name !== row.dns_name)
    throw new TenantError(
      'probe-user-elsewhere',
      `${user.user_principal_name} is of ${user.on_premises_domain_name}, not of ${row.dns_name}. Name a user of this domain.`,
    );
  const ticket = await ticketFor(tenant, user, { key, lifetimeSeconds: LIFETIME_SECONDS });
  if (ticket.made) return ticket.tgt;
  await tenant.audit.record({
    ...by,
    event: 'probe.refused',
    subject: `user:${user.id}`,
    outcome: 'denied',
    reason: ticket.code,
  });
  throw new TenantError(ticket.code, ticket.message);
}

/** A ticket that a sound domain controller opens and refuses: what it says tells whether it has the key. */
function deniedTicket(tenant: Tenant, row: KerberosDomainRow, which: NewProbe['key']): PartialTgt {
  const { key, kvno } = mintingKey(tenant, row, which);
  return mintPartialTgt({
    realm: row.realm,
    key,
    kvno,
    user: {
      sid: `${row.domain_sid}-${DENIED_RID}`,
      samAccountName: 'Administrator',
      netbiosDomainName: row.netbios_name,
      dnsDomainName: row.dns_name,
      upn: `Administrator@${row.dns_name}`,
    },
    now: tenant.now(),
    lifetimeSeconds: LIFETIME_SECONDS,
  });
}

/** What a domain controller said to a probe. @throws TenantError `kerberos-domain-not-found`, `probe-invalid` */
export async function readProbe(
  tenant: Tenant,
  by: Caller,
  dnsName: string,
  { token, reply, controller }: ProbeAnswer,
): Promise<ProbeResult> {
  const row = await domainRow(tenant, dnsName);
  const asked = openToken(tenant, row.dns_name, token);
  const result = resultOf(Buffer.from(reply, 'base64'), asked);
  const about = asked.user === null ? '' : `user:${asked.user} `;
  await tenant.audit.record({
    ...by,
    event: 'probe.answered',
    subject: `${about}kerberos-domain:${row.dns_name} version ${asked.keyVersion} at ${controller}`,
    outcome: result.redeemed ? 'allowed' : 'denied',
    reason: result.refusal ?? '',
  });
  return result;
}

function resultOf(reply: Uint8Array, asked: z.infer<typeof askedTicket>): ProbeResult {
  const { realm, nameType, name, etype, subkey, nonce, keyVersion } = asked;
  try {
    const { credentials } = readTgsReply(reply, {
      client: { realm, name: { nameType, nameString: name } },
      subkey: new Key(etype, Buffer.from(subkey, 'base64')),
      nonce,
    });
    return {
      ...{ redeemed: true, keyKnown: true, keyVersion, refusal: null },
      message: 'The domain controller gave a full TGT.',
      etype: credentials.ticket.encPart.etype,
      controllerTime: null,
    };
  } catch (error) {
    if (!(error instanceof KrbErrorReply)) {
      if (error instanceof KerberosError)
        throw new TenantError('probe-invalid', 'The answer does not belong to the probe, or is damaged.', {
          cause: error.code,
        });
      throw error;
    }
    const refusal = error.errorName ?? `error ${error.errorCode}`;
    const keyKnown = KEY_KNOWN.includes(refusal) ? true : KEY_UNKNOWN.includes(refusal) ? false : null;
    return {
      ...{ redeemed: false, keyKnown, keyVersion, refusal, message: error.message, etype: null },
      controllerTime: error.serverTime.toISOString(),
    };
  }
}

function openToken(tenant: Tenant, dnsName: string, token: string): z.infer<typeof askedTicket> {
  const invalid = () =>
    new TenantError('probe-invalid', 'This is no probe of this domain, or it is too old. Begin anew.');
  let text: string;
  try {
    text = Buffer.from(open(tenant.master, tokenLabel(dnsName), Buffer.from(token, 'base64url'))).toString();
  } catch {
    throw invalid();
  }
  const asked = askedTicket.parse(JSON.parse(text));
  if (asked.expires < tenant.now().getTime()) throw invalid();
  return asked;
}

const tokenLabel = (dnsName: string) => ({ purpose: 'kerberos-probe', row: dnsName });
