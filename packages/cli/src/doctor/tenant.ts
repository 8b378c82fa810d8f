/** What the tenant knows of its domains and of one user. */
import type { AdminClient } from '@kennel/tenant/admin';
import type { Findings } from './findings.ts';

const SYNC_OVERDUE_HOURS = 24;
const KEY_OVERDUE_DAYS = 180;
const HOUR = 3_600_000;

/** @param user whom to look at besides */
export async function checkTenantState(
  findings: Findings,
  admin: AdminClient,
  user: string | undefined,
): Promise<string[]> {
  const domains = await findings.try('tenant.running', 'tenant', 'Start it: kennel serve', async () => {
    const { url, lab } = await admin.status();
    findings.ok('tenant.running', url, 'it runs');
    if (lab)
      findings.warning(
        'tenant.lab',
        url,
        'it admits software keys',
        'Set lab to false in config.json before real people use it.',
      );
    return admin.kerberosDomains.list();
  });
  if (domains === undefined) return [];
  if (domains.length === 0)
    findings.failed(
      'kerberos.domain',
      'tenant',
      'no domain has its key here',
      'kennel kerberos-server create --domain D --domain-credential UPN',
    );
  for (const { dnsName, keyVersion, keyUpdatedOn } of domains) {
    const days = Math.floor((Date.now() - Date.parse(keyUpdatedOn)) / (24 * HOUR));
    const detail = `key version ${keyVersion}, ${days} days old`;
    if (days > KEY_OVERDUE_DAYS)
      findings.warning(
        'kerberos.key-age',
        dnsName,
        detail,
        `kennel kerberos-server rotate --domain ${dnsName}`,
      );
    else findings.ok('kerberos.key-age', dnsName, detail);
  }
  const audit = await findings.try('audit', 'tenant', 'Look at the log of the tenant.', () =>
    admin.audit.verify(),
  );
  if (audit?.ok === true) findings.ok('audit', 'tenant', `${audit.lines} lines, unbroken`);
  if (audit?.ok === false)
    findings.failed(
      'audit',
      'tenant',
      `line ${audit.brokenAt} was changed`,
      'Compare with a backup: somebody wrote to the database.',
    );
  await checkSync(findings, admin);
  if (user !== undefined) await checkUser(findings, admin, user);
  return domains.map(({ dnsName }) => dnsName);
}

async function checkSync(findings: Findings, admin: AdminClient): Promise<void> {
  const synced =
    (await findings.try('sync', 'tenant', 'Look at the log of the tenant.', () => admin.sync.domains())) ??
    [];
  for (const { dnsName, lastCompletedOn, lastRun, problems, known } of synced) {
    const hours =
      lastCompletedOn === null ? Number.POSITIVE_INFINITY : (Date.now() - Date.parse(lastCompletedOn)) / HOUR;
    const detail = `${known.user} users; last completed ${lastCompletedOn ?? 'never'}`;
    if (lastRun?.outcome === 'failed')
      findings.failed(
        'sync',
        dnsName,
        `the last run failed: ${lastRun.message ?? ''}`,
        'kennel sync run on the machine of the connector shows more.',
      );
    else if (hours > SYNC_OVERDUE_HOURS)
      findings.failed(
        'sync',
        dnsName,
        detail,
        'See that `kennel connector run` runs on the machine of the connector.',
      );
    else findings.ok('sync', dnsName, detail);
    for (const { kind, name, message } of problems.slice(0, 20))
      findings.warning(
        'sync.problem',
        `${dnsName} ${kind} ${name}`,
        message,
        'Correct it in the directory; the next run takes it.',
      );
  }
}

async function checkUser(findings: Findings, admin: AdminClient, name: string): Promise<void> {
  const user = await findings.try('user', name, 'kennel user list shows them all.', () =>
    admin.users.show(name),
  );
  if (user === undefined) return;
  if (user.enabled) findings.ok('user.enabled', name, 'enabled in the tenant');
  else findings.failed('user.enabled', name, 'disabled in the tenant', `kennel user enable ${name}`);
  const account = await admin.users.account(name);
  if (account === null)
    findings.warning(
      'user.synced',
      name,
      'made by hand, not synced from a domain',
      'Nothing is to be done where that is meant.',
    );
  else {
    findings.ok('user.synced', name, `from ${account.domain}`);
    if (account.inDomainUsers) findings.ok('user.domain-users', name, 'in Domain Users');
    else
      findings.failed(
        'user.domain-users',
        name,
        `not in Domain Users of ${account.domain}, so no tickets`,
        'Add the user to Domain Users; then let the next sync run.',
      );
    for (const [check, refusal] of [
      ['user.account', account.signInRefusal],
      ['user.ticket', account.ticketRefusal],
    ] as const) {
      if (refusal === null) findings.ok(check, name, 'nothing in the way');
      else if (refusal.code !== 'tgt-not-in-domain-users')
        findings.failed(
          check,
          name,
          refusal.message,
          `In ${account.domain}: ${refusal.code}; then let the next sync run.`,
        );
    }
    if (account.lockedUntil !== null)
      findings.warning(
        'user.locked',
        name,
        `locked in ${account.domain} until ${account.lockedUntil}`,
        'Unlock the account in AD, and find out who tries passwords.',
      );
  }
  if (user.onPremisesSecurityIdentifier === null)
    findings.failed(
      'user.sid',
      name,
      'no SID of a domain, so no tickets',
      'Sync the user, or kennel user update --sid ... --domain ...',
    );
  const keys = await admin.keys.list(name);
  if (keys.length === 0)
    findings.failed('user.key', name, 'no security key is registered', `kennel key register --user ${name}`);
  else findings.ok('user.key', name, `${keys.length} security key${keys.length === 1 ? '' : 's'} registered`);
}
