/** kennel doctor: what usually goes wrong, on server, connector and device alike, each with its fix. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Enrolment } from '@kennel/tenant/client';
import type { Command } from 'commander';
import { admin, defineAdmin } from '../admin.ts';
import { type Given, option, text } from '../command.ts';
import { type CheckedDevice, checkDevice } from '../doctor/device.ts';
import { checkDomain, checkDomainInside } from '../doctor/domain.ts';
import { Findings, findingsText } from '../doctor/findings.ts';
import { checkTenantState } from '../doctor/tenant.ts';
import { checkTenantUrl } from '../doctor/tenant-url.ts';
import { withDomain } from '../domain-session.ts';
import { clientsDir, tenantDir } from '../home.ts';
import { passwordFileOption } from '../pin.ts';

/** Exit codes above are the shell's. */
const MOST = 100;

export function doctorCommand(program: Command): void {
  defineAdmin(
    program,
    {
      usage: 'doctor',
      summary:
        'find what usually goes wrong here and on the way to tenant and domain; the exit code counts failures',
      example: 'kennel doctor --domain corp.example.com --user alice',
      options: [
        option('--domain <dns-name>', 'look at this AD domain (those that are known here unless given)'),
        option('--user <user>', 'look at this user besides'),
        option(
          '--ca <file>',
          "the tenant's own certificate authority, or with --ldaps that of the domain (PEM)",
        ),
        option('--dns <address>', 'ask this DNS server for the domain'),
        option(
          '--domain-credential <upn>',
          'a Domain Admin: looks at the Kerberos server objects and the user in AD',
        ),
        passwordFileOption,
        option('--ldaps', 'LDAP inside TLS, in place of LDAP sealed by Kerberos'),
      ],
    },
    async (_, given) => {
      const findings = new Findings();
      await examine(findings, given);
      const { all, failures, endpoints } = findings;
      return {
        value: { failures, findings: all, endpoints },
        text: findingsText(findings),
        exitCode: Math.min(failures, MOST),
      };
    },
  );
}

async function examine(findings: Findings, given: Given): Promise<void> {
  const [domain, user, dns] = [text(given, 'domain')?.toLowerCase(), text(given, 'user'), text(given, 'dns')];
  const domains = new Set<string>(domain === undefined ? [] : [domain]);
  const device = await checkDevice(findings);
  const enrolments = await checkClients(findings);
  const here = existsSync(join(tenantDir(), 'config.json'));
  const caFile = given.ldaps === true ? undefined : text(given, 'ca');
  const asked = here || isAdministrator(given, enrolments);
  const credential = text(given, 'domainCredential');

  for (const { url, ca } of placesOf(given, device, enrolments, caFile))
    await checkTenantUrl(findings, url, ca);
  if (asked) {
    const known = await checkTenantState(findings, await admin(), user);
    if (domain === undefined) for (const each of known) domains.add(each);
  } else if (user !== undefined)
    findings.notApplicable(
      'user',
      user,
      "the tenant was not asked: that takes its host, or an administrator's client (--tenant URL)",
    );
  if (domain === undefined) {
    for (const each of device?.domains ?? []) domains.add(each);
    for (const each of enrolments) if (each.domain !== null) domains.add(each.domain);
  }
  const ldap = here || enrolments.length > 0 || credential !== undefined;
  for (const each of domains) await checkDomain(findings, each, { dns, ldap });
  const inside = domain ?? domainOfCredential(credential, domains);
  if (credential !== undefined && inside !== undefined) {
    const published = asked
      ? (await (await admin()).kerberosDomains.list()).find(({ dnsName }) => dnsName === inside)
      : undefined;
    await findings.try('domain.credential', inside, 'Check name and password of the credential.', () =>
      withDomain({ ...given, domain: inside, ca: given.ldaps === true ? given.ca : undefined }, (session) =>
        checkDomainInside(findings, session, asked ? { published } : undefined, user),
      ),
    );
  }
  if (findings.all.length === 0)
    findings.failed(
      'role',
      'this machine',
      'it is neither a tenant, nor a connector, nor a joined device',
      'kennel init, kennel client enroll, or kennel device join; or name what to look at: --tenant, --domain.',
    );
}

/** Whether a tenant elsewhere was named, and who is enrolled here for it may look into it. */
function isAdministrator(given: Given, enrolments: readonly Enrolment[]): boolean {
  const [url, name] = [text(given, 'tenant'), text(given, 'client')];
  if (url === undefined && name === undefined) return false;
  const origin = url === undefined ? undefined : URL.parse(url)?.origin;
  return enrolments.some(
    ({ scope, ...each }) =>
      scope === 'administrator' &&
      (origin === undefined || each.tenantUrl === origin) &&
      (name === undefined || each.name === name),
  );
}

/** That of the credential's name where it is known here, else the first. */
function domainOfCredential(credential: string | undefined, domains: ReadonlySet<string>) {
  const suffix = credential?.split('@')[1]?.toLowerCase();
  return suffix !== undefined && domains.has(suffix) ? suffix : [...domains][0];
}

/** Programs that are enrolled here: whether each still gets in. */
async function checkClients(findings: Findings): Promise<Enrolment[]> {
  const { clientTransport, connectorClientOver, readEnrolments } = await import('@kennel/tenant/client');
  const { adminClientOver } = await import('@kennel/tenant/admin');
  const enrolments =
    (await findings.try('client', clientsDir(), 'kennel client forget NAME, then enrol again.', async () =>
      readEnrolments(clientsDir()),
    )) ?? [];
  for (const each of enrolments) {
    const what = each.domain === null ? each.scope : `${each.scope} of ${each.domain}`;
    await findings.try('client', each.name, 'kennel client enroll with a new token.', async () => {
      const transport = clientTransport(clientsDir(), each);
      if (each.scope === 'connector') await connectorClientOver(transport).state();
      else await adminClientOver(transport).status();
      findings.ok('client', each.name, `${what} at ${each.tenantUrl}`);
    });
  }
  return enrolments;
}

/** Each address of a tenant that is used here, once. */
function placesOf(
  given: Given,
  device: CheckedDevice | undefined,
  enrolments: readonly Enrolment[],
  caFile: string | undefined,
): { url: string; ca: string | undefined }[] {
  const named = text(given, 'tenant');
  const places = new Map<string, string | undefined>();
  if (device !== undefined) places.set(device.url, device.caFile);
  for (const { tenantUrl, name, ca } of enrolments)
    if (!places.has(tenantUrl))
      places.set(tenantUrl, ca === undefined ? undefined : join(clientsDir(), name, 'ca.pem'));
  if (named !== undefined && URL.canParse(named))
    places.set(new URL(named).origin, caFile ?? places.get(new URL(named).origin));
  return [...places].map(([url, ca]) => ({ url, ca }));
}
