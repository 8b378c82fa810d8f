/** Users with keys and joined devices, synced from a domain, among as many others as are asked for. */
import { randomUUID } from 'node:crypto';
import { assertionChallenge, CLIENT_IDS, encodeBase64, GRANT_TYPES, parseJws, signJws } from '@kennel/prt';
import { sql } from 'kysely';
import { joinDevice } from '../src/devices/join.ts';
import { joinRequest } from '../src/devices/schema.ts';
import { publishDomain } from '../src/kerberos-domains/rules.ts';
import { issueNonce } from '../src/nonce/rules.ts';
import type { Tenant } from '../src/tenant.ts';
import { createUser, findUser } from '../src/users/rules.ts';
import { registerKey, registrationOptions } from '../src/webauthn/registration.ts';
import { TestKey } from './authenticator.ts';
import { CORP, joinBody, rsaKeys } from './world.ts';

export const by = () => ({ actor: 'admin-socket', correlationId: randomUUID(), source: '192.0.2.1' });

export interface PersonAtDevice {
  key: TestKey;
  certificate: Buffer;
  privateKey: ReturnType<typeof rsaKeys>['privateKey'];
  transportKey: ReturnType<typeof rsaKeys>['privateKey'];
}

/** The domain, and users of it who never sign in: one statement for each table. */
export async function seed({ store }: Tenant, others: number): Promise<void> {
  const now = new Date().toISOString();
  await sql`insert into sync_domains (dns_name, netbios_name, domain_sid, settings, state)
    values (${CORP.dnsName}, ${CORP.netbiosName}, ${CORP.domainSid}, '{}', null)`.execute(store);
  await sql`insert into user_groups (id, display_name, name_folded, created_on)
    values ('domain-users', 'CORP\\Domain Users', 'corp\\domain users', ${now})`.execute(store);
  await sql`insert into synced_groups (group_id, domain, anchor, version, sid)
    values ('domain-users', ${CORP.dnsName}, 'domain-users', '1', ${`${CORP.domainSid}-513`})`.execute(store);
  if (others === 0) return;
  const numbers = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${others})`;
  // Spread over the indexes as names and identifiers are.
  const mixed = sql`lower(hex(randomblob(8))) || i`;
  await sql`insert into users (id, user_principal_name, upn_folded, display_name, enabled, role, user_handle,
      on_premises_sid, on_premises_sam_account_name, on_premises_domain_name, created_on)
    ${numbers} select ${mixed}, 'user' || i || '@corp.example.com', 'user' || i || '@corp.example.com', 'User ' || i,
      1, 'user', ${mixed}, ${CORP.domainSid} || '-' || (100000 + i), 'user' || i, ${CORP.dnsName}, ${now} from n`.execute(
    store,
  );
  await sql`insert into synced_users (user_id, domain, anchor, version, mail, enabled, must_change_password, protected,
      primary_group_sid)
    select id, ${CORP.dnsName}, id, '1', null, 1, 0, 0, ${`${CORP.domainSid}-513`} from users`.execute(store);
}

/** Those who sign in: each with a key, and at a device of their own. */
export async function people(tenant: Tenant, count: number): Promise<PersonAtDevice[]> {
  await publishDomain(tenant, by(), CORP);
  const found: PersonAtDevice[] = [];
  for (let i = 0; i < count; i++) {
    const userPrincipalName = `person${i}@corp.example.com`;
    const { id } = await createUser(tenant, by(), { userPrincipalName });
    await sql`update users set on_premises_sid = ${`${CORP.domainSid}-${5000 + i}`},
      on_premises_sam_account_name = ${`person${i}`}, on_premises_domain_name = ${CORP.dnsName}
      where id = ${id}`.execute(tenant.store);
    const user = await findUser(tenant.store, userPrincipalName);
    await sql`insert into synced_users (user_id, domain, anchor, version, mail, enabled, must_change_password, protected,
        primary_group_sid)
      values (${user.id}, ${CORP.dnsName}, ${user.id}, '1', null, 1, 0, 0, ${`${CORP.domainSid}-513`})`.execute(
      tenant.store,
    );
    const key = new TestKey();
    const publicKey = await registrationOptions(tenant, by(), user.id);
    const credential = key.create({ publicKey, origin: 'https://localhost' });
    await registerKey(tenant, by(), user.id, { displayName: 'key', credential });
    const [keys, transport] = [rsaKeys(), rsaKeys()];
    const request = joinRequest.parse(await joinBody(keys, transport));
    const { Certificate } = await joinDevice(tenant, by(), { user, withKey: true }, request);
    const certificate = Buffer.from(Certificate.RawBody, 'base64');
    found.push({ key, certificate, privateKey: keys.privateKey, transportKey: transport.privateKey });
  }
  return found;
}

/** What a device sends to sign its person in, and how it came to the tenant. */
export function requestOf(tenant: Tenant, { key, certificate, privateKey }: PersonAtDevice) {
  const nonce = issueNonce(tenant);
  const challenge = assertionChallenge({ purpose: 'prt', nonce, deviceCertificate: certificate });
  const request = signJws(
    privateKey,
    { x5c: encodeBase64(certificate), kdf_ver: 2 },
    {
      client_id: CLIENT_IDS.broker,
      request_nonce: nonce,
      scope: 'openid aza',
      grant_type: GRANT_TYPES.jwtBearer,
      assertion: JSON.stringify(key.assert(challenge)),
      session_key_enc: 'A256GCM',
    },
  );
  return { form: { grant_type: GRANT_TYPES.jwtBearer, request, tgt: 'true' }, read: () => parseJws(request) };
}

/** In bytes, with what is still in the log beside the file. */
export async function databaseSize({ store }: Tenant): Promise<number> {
  const { rows } = await sql<{ size: number }>`
    select page_count * page_size as size from pragma_page_count(), pragma_page_size()`.execute(store);
  return rows[0]?.size ?? 0;
}
