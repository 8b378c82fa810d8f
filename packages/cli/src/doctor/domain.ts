/** A domain as its members reach it; with an administrator's credential also its Kerberos server and one user. */
import type { DomainSession } from '@kennel/active-directory';
import type { KerberosDomain } from '@kennel/tenant';
import { domainSide } from '../kerberos-server-fields.ts';
import { refusedByTenant } from '../kerberos-server-tenant-lock.ts';
import { verdictOf } from '../kerberos-server-verdict.ts';
import type { Findings } from './findings.ts';
import { clock, isOpen, portOpen } from './network.ts';

/** AES bits of msDS-SupportedEncryptionTypes ([MS-KILE] 2.2.7). */
const AES = 0x18;
/** userAccountControl ([MS-ADTS] 2.2.16). */
const USE_DES_KEY_ONLY = 0x200000;

/** @param options `ldap`: whether this machine needs it; devices do not */
export async function checkDomain(
  findings: Findings,
  domain: string,
  { dns, ldap }: { dns: string | undefined; ldap: boolean },
): Promise<void> {
  const { DS_FLAG, controllerClock, keyListSupport, surveyControllers } = await import(
    '@kennel/active-directory'
  );
  const controllers = await findings.try(
    'dns.srv',
    domain,
    "This machine must ask a DNS server that knows the domain: its controllers', or one that forwards to them (--dns names one).",
    () => surveyControllers(domain, dns === undefined ? undefined : [dns]),
  );
  findings.needs({ host: dns ?? 'DNS servers of this machine', port: 'UDP 53', purpose: `SRV of ${domain}` });
  if (controllers === undefined) return;
  findings.ok(
    'dns.srv',
    domain,
    `${controllers.length} domain controller${controllers.length === 1 ? '' : 's'}: ${controllers.map(({ hostName }) => hostName).join(', ')}`,
  );
  let writable = 0;
  const keyList = { yes: 0, no: 0, 'not-applicable': 0 };
  for (const { hostName, addresses, answer } of controllers) {
    const [address] = addresses;
    if (address === undefined) {
      findings.failed(
        'dns.name',
        hostName,
        'the name does not resolve',
        'Add the controller to DNS, or remove its SRV record if it is gone.',
      );
      continue;
    }
    findings.needs({ host: hostName, port: 'TCP 88', purpose: 'Kerberos' });
    findings.needs({ host: hostName, port: 'UDP 389', purpose: 'finding the nearest controller' });
    findings.needs({ host: hostName, port: 'TCP 445', purpose: 'file shares of it, where people use any' });
    await portOpen(findings, { on: hostName, host: address, port: 88, purpose: 'Kerberos' });
    if (ldap) await portOpen(findings, { on: hostName, host: address, port: 389, purpose: 'LDAP' });
    if (!(await isOpen(address, 445)))
      findings.warning(
        'port',
        hostName,
        'TCP 445 (file shares) cannot be reached',
        'Open it where people use shares of this controller.',
      );
    if (answer === undefined) {
      findings.failed(
        'dc.answers',
        hostName,
        'it does not answer on UDP 389',
        `Open UDP 389 to ${hostName}, and see that it runs.`,
      );
      continue;
    }
    const isWritable = (answer.flags & DS_FLAG.WRITABLE) !== 0;
    if (isWritable) writable += 1;
    keyList[keyListSupport(answer)] += 1;
    findings.ok('dc.answers', hostName, isWritable ? 'reachable, writable' : 'reachable, read-only');
    clock(findings, hostName, await controllerClock(address), "the controller's clock");
  }
  if (writable === 0)
    findings.failed(
      'dc.writable',
      domain,
      'no writable domain controller answers',
      'Tickets need one: open a way to a writable controller.',
    );
  else findings.ok('dc.writable', domain, `${writable} writable`);
  const windows = keyList.yes + keyList.no;
  if (windows === 0)
    findings.notApplicable(
      'dc.keylist',
      domain,
      'no Windows controller of the kind answers; on Samba Kerberos sign-on is unaffected',
    );
  else if (keyList.yes * 2 > windows)
    findings.ok('dc.keylist', domain, `${keyList.yes} of ${windows} are patched (KEYLIST)`);
  else
    findings.warning(
      'dc.keylist',
      domain,
      `${keyList.yes} of ${windows} are patched (KEYLIST)`,
      'Patch most of them (2016: KB4534307, 2019: KB4534321), so that NTLM for old services works too.',
    );
}

/** What takes a credential of the domain. */
export async function checkDomainInside(
  findings: Findings,
  session: DomainSession,
  /** What the tenant has of the domain; undefined where it could not be asked. */
  tenant: { published: KerberosDomain | undefined } | undefined,
  user: string | undefined,
): Promise<void> {
  const { directory, dc } = session;
  const domain = dc.domainName.toLowerCase();
  const side = await findings.try('kerberos.objects', domain, 'Give the credential of a Domain Admin.', () =>
    domainSide(session, undefined),
  );
  const verdict = verdictOf(side?.side, tenant?.published, new Date());
  if (tenant === undefined && side !== undefined)
    findings.notApplicable('kerberos.in-step', domain, 'the tenant was not asked for its side');
  else if (verdict.exitCode === 0) findings.ok('kerberos.in-step', domain, verdict.text);
  else if (verdict.state === 'overdue')
    findings.warning(
      'kerberos.in-step',
      domain,
      verdict.text,
      `kennel kerberos-server rotate --domain ${domain}`,
    );
  else
    findings.failed(
      'kerberos.in-step',
      domain,
      verdict.text,
      `kennel kerberos-server get --domain ${domain} shows both sides.`,
    );
  await aesAllowed(findings, session, `CN=krbtgt,CN=Users,${directory.baseDn}`, 'krbtgt');
  if (side !== undefined) await aesAllowed(findings, session, side.userDn, `krbtgt_${side.side.id}`);
  if (user !== undefined) await checkUserInside(findings, session, user);
}

async function checkUserInside(findings: Findings, session: DomainSession, user: string): Promise<void> {
  const { directory, dc } = session;
  const domain = dc.domainName.toLowerCase();
  const { explainUser, findServerObjects, readPolicy } = await import('@kennel/active-directory');
  await findings.try('user.policy', user, 'Give the credential of a Domain Admin.', async () => {
    const account = await accountOf(session, user);
    await aesAllowed(findings, session, account.dn, user);
    const objects = await findServerObjects(directory);
    if (objects === undefined) return;
    const policy = await readPolicy(directory, objects);
    const explanation = await explainUser(directory, policy, account);
    const { ticket, because, decidedBy, protectedBy } = explanation;
    const refused = await refusedByTenant(explanation, explanation.token, domain);
    if (ticket && protectedBy.length === 0)
      findings.ok('user.policy', user, `the Kerberos server may sign for this user (${decidedBy?.name})`);
    else if (ticket && refused === false)
      findings.warning(
        'user.policy',
        user,
        `protected (${protectedBy.join(', ')}), and let through all the same`,
        `kennel kerberos-server policy explain ${user} --domain ${domain} says what that is worth to a thief.`,
      );
    else
      findings.failed(
        'user.policy',
        user,
        ticket
          ? `protected: ${protectedBy.join(', ')}`
          : `${because}${decidedBy ? ` by ${decidedBy.name}` : ''}`,
        `kennel kerberos-server policy explain ${user} --domain ${domain} says more.`,
      );
  });
}

/** By the name as it is; an account without a userPrincipalName of its own is found by what stands before the @. */
async function accountOf({ directory, dc }: DomainSession, user: string) {
  const { findAccount } = await import('@kennel/active-directory');
  const [short = '', suffix = ''] = user.split('@', 2);
  try {
    return await findAccount(directory, user);
  } catch (error) {
    if (suffix.toLowerCase() !== dc.domainName.toLowerCase()) throw error;
    return findAccount(directory, short);
  }
}

/** No value leaves it to the domain, which then has AES. */
async function aesAllowed(
  findings: Findings,
  { directory }: DomainSession,
  dn: string,
  name: string,
): Promise<void> {
  const { readEntry } = await import('@kennel/active-directory');
  const entry = await readEntry(directory, dn, ['msDS-SupportedEncryptionTypes', 'userAccountControl']);
  const types = Number(entry?.['msDS-SupportedEncryptionTypes'] ?? 0);
  if ((Number(entry?.userAccountControl ?? 0) & USE_DES_KEY_ONLY) !== 0)
    findings.failed(
      'kerberos.aes',
      name,
      'the account is set to use DES alone',
      'Take "Use only Kerberos DES encryption types" from this account.',
    );
  else if (types === 0 || (types & AES) !== 0) findings.ok('kerberos.aes', name, 'AES is allowed');
  else
    findings.failed(
      'kerberos.aes',
      name,
      `msDS-SupportedEncryptionTypes is ${types}: no AES`,
      'Set it to 24 (AES128 and AES256) for this account, or clear it.',
    );
}
