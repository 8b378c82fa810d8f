/** kennel kerberos-server create and get: the objects in AD, with an administrator's credential given for the one command. */
import type { DomainSession, ServerObjects } from '@kennel/active-directory';
import type { KerberosDomain } from '@kennel/tenant';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { text } from '../command.ts';
import { DOMAIN_OPTIONS, NTLM, OBJECT_NAME, progress, withDomain } from '../domain-session.ts';
import { domainSide, shownFields } from '../kerberos-server-fields.ts';
import { tenantOf } from '../kerberos-server-tenant.ts';
import { verdictOf } from '../kerberos-server-verdict.ts';
import { fields } from '../table.ts';
import { ROTATION_OPTIONS, rotationChoices } from './kerberos-server-rotate.ts';

export function kerberosServerDomainCommands(group: Command): void {
  const client = async () => (await admin()).kerberosDomains;
  defineAdmin(
    group,
    {
      usage: 'create',
      summary: 'make the Kerberos server objects in an AD domain, read their key back, and publish it',
      example:
        'kennel kerberos-server create --domain corp.example.com --domain-credential admin@corp.example.com',
      options: [...DOMAIN_OPTIONS, NTLM, OBJECT_NAME, ...ROTATION_OPTIONS],
    },
    async (_, given) => {
      const { createServerObjects } = await import('@kennel/active-directory');
      const domains = await client();
      await domains.list(); // a tenant that does not run is better known before anything is made in AD
      const choices = rotationChoices(given);
      return withDomain(given, async (session) => {
        const objects = await createServerObjects(session.directory, text(given, 'objectName'), (dn) =>
          progress(`Made ${dn}.`),
        );
        const published = await publishPresentKey(session, objects, choices);
        const made =
          objects.created.length === 0
            ? 'Everything was there already.'
            : `Made:\n  ${objects.created.join('\n  ')}`;
        return {
          value: { objects, published },
          text: `${made}\nThe key of krbtgt_${objects.id}, version ${published.keyVersion}, is published. Prove it with: kennel kerberos-server verify`,
        };
      });
    },
  );
  defineAdmin(
    group,
    {
      usage: 'get',
      summary: 'compare the Kerberos server of a domain with what the tenant has',
      example:
        'kennel kerberos-server get --domain corp.example.com --domain-credential admin@corp.example.com --json',
      options: [...DOMAIN_OPTIONS, NTLM, OBJECT_NAME],
    },
    async (_, given) => {
      const tenantSide = (await (await client()).list()).find(
        ({ dnsName }) => dnsName === text(given, 'domain')?.toLowerCase(),
      );
      return withDomain(given, async (session) => {
        const shown = await domainSide(session, text(given, 'objectName'));
        const now = new Date();
        const verdict = verdictOf(shown?.side, tenantSide, now);
        const value = { ...shownFields(shown, tenantSide, now), verdict: verdict.state };
        return { value, text: `${fields(value)}\n${verdict.text}`, exitCode: verdict.exitCode };
      });
    },
  );
}

/** The first key is used at once: nothing signs yet. A later one only when every domain controller has it. */
async function publishPresentKey(
  session: DomainSession,
  objects: ServerObjects,
  choices: ReturnType<typeof rotationChoices>,
): Promise<KerberosDomain> {
  const { readKrbtgtKey, rotateKey } = await import('@kennel/active-directory');
  const { dc, directory } = session;
  const tenant = await tenantOf(dc.domainName);
  if ((await tenant.domain())?.krbtgtNumber === objects.id)
    await rotateKey({ session, objects, tenant, key: 'present', ...choices });
  const { aes256, ...key } = await readKrbtgtKey({
    dc: { host: session.address },
    objectDn: objects.userDn,
    security: session.rpcSecurity(),
  });
  const before = await tenant.domain();
  // Another controller has a newer one, which is published by now.
  if (before?.krbtgtNumber === objects.id && before.keyVersion > key.keyVersion) {
    aes256.fill(0);
    return before;
  }
  const published = await (await admin()).kerberosDomains.publish({
    dnsName: dc.domainName.toLowerCase(),
    realm: dc.domainName.toUpperCase(),
    netbiosName: dc.netbiosDomainName,
    domainSid: directory.domainSid,
    krbtgtNumber: key.krbtgtNumber,
    keyVersion: key.keyVersion,
    etype: 18,
    key: Buffer.from(aes256).toString('base64'),
    keyUpdatedOn: key.changedAt.toISOString(),
  });
  aes256.fill(0);
  return published;
}
