/** kennel kerberos-server policy: whose tickets the Kerberos server may sign, by the two lists of its object in AD. */
import type { DomainSession, PolicyChange, ServerObjects, ServerPolicy } from '@kennel/active-directory';
import type { Command } from 'commander';
import { defineAdmin } from '../admin.ts';
import type { Given } from '../command.ts';
import { option } from '../command.ts';
import { sure } from '../confirm.ts';
import { DOMAIN_OPTIONS, OBJECT_NAME, withServerObjects } from '../domain-session.ts';
import { CliError } from '../errors.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { blastText, changeText, explanationText, policyText } from '../kerberos-server-policy-text.ts';
import {
  changeLock,
  lockText,
  refusedByTenant,
  type TenantLock,
  tenantLock,
  tenantText,
} from '../kerberos-server-tenant-lock.ts';

const OPTIONS = [...DOMAIN_OPTIONS, OBJECT_NAME];
const YES = option('--yes', 'do not ask');
const DOMAIN_ONLY = option('--domain-only', "change AD's lists alone, and not the tenant's own lock");

interface Opened {
  session: DomainSession;
  objects: ServerObjects;
  policy: ServerPolicy;
}

function withPolicy<T>(given: Given, use: (opened: Opened) => Promise<T>): Promise<T> {
  return withServerObjects(given, async ({ session, objects }) => {
    const { readPolicy } = await import('@kennel/active-directory');
    return use({ session, objects, policy: await readPolicy(session.directory, objects) });
  });
}

const namesOf = (accounts: readonly { name: string; sid: string }[]) =>
  accounts.map(({ name, sid }) => ({ name, sid }));

export function kerberosServerPolicyCommands(parent: Command): void {
  const group = parent.command('policy').description('whose tickets the Kerberos server may sign');
  const from = '--domain corp.example.com --domain-credential admin@corp.example.com';
  defineAdmin(
    group,
    {
      usage: 'show',
      summary: 'the two lists of the object, and what was allowed by name',
      example: `kennel kerberos-server policy show ${from}`,
      options: OPTIONS,
    },
    async (_, given) =>
      withPolicy(given, async ({ session, policy }) => {
        const lock = await tenantLock(session.dc.domainName);
        return {
          value: {
            reveal: namesOf(policy.reveal),
            never: namesOf(policy.never),
            allowed: namesOf(policy.allowed),
            baseline: namesOf(policy.baseline),
            allowedByTenant: lock.state === 'reached' ? lock.allowed : null,
          },
          text: `${policyText(policy)}\n${tenantText(lock)}`.trim(),
        };
      }),
  );
  const changing = (verb: 'allow' | 'deny', summary: string) =>
    defineAdmin(
      group,
      {
        usage: `${verb} <group>`,
        summary,
        example: `kennel kerberos-server policy ${verb} "Server Admins" ${from}`,
        options: [...OPTIONS, YES, DOMAIN_ONLY],
      },
      async ([name = ''], given) =>
        withPolicy(given, async (opened) => {
          const { findAccount, planAllow, planDeny, protectedAccounts, protectedMembers, writePolicy } =
            await import('@kennel/active-directory');
          const { directory, dc } = opened.session;
          const account = await findAccount(directory, name);
          const plan = await (verb === 'allow' ? planAllow : planDeny)(directory, opened.policy, account);
          const worth = await protectedAccounts(directory);
          // Of an ordinary group the tenant refuses nobody: its lock stays as it is.
          const concerned = verb === 'deny' || (await protectedMembers(directory, account)).length > 0;
          const lock: TenantLock =
            concerned && given.domainOnly !== true ? await tenantLock(dc.domainName) : { state: 'none' };
          const shown = [
            changeText(verb, account, opened.policy, plan, worth),
            ...lockText(lock, verb, { ...account, dnsName: dc.domainName.toLowerCase() }),
          ].join('\n');
          await sure(given.yes === true, shown, `${verb === 'allow' ? 'Allow' : 'Deny'} ${account.name}?`);
          const inTenant = () => changeLock(lock, verb, account.sid);
          const inDomain = () => writePolicy(directory, opened.objects, plan.next, verb === 'allow');
          for (const change of verb === 'allow' ? [inDomain, inTenant] : [inTenant, inDomain]) await change();
          return {
            value: { ...changeValue(account.name, opened.policy, plan), tenant: lock.state },
            text: shown,
          };
        }),
    );
  changing('allow', 'let the Kerberos server sign for members of a group that is denied; read the warning');
  changing('deny', 'take an allowance back, or deny a group that was not denied');
  defineAdmin(
    group,
    {
      usage: 'explain [user]',
      summary: 'whether a user gets a ticket and which group decides; or who could be impersonated',
      example: `kennel kerberos-server policy explain alice ${from}`,
      options: [
        ...OPTIONS,
        option('--blast-radius', 'everyone whom a thief of the key could be, the worst first'),
        option('--all', 'with --blast-radius: name everyone'),
      ],
    },
    async ([user], given) => {
      if ((user === undefined) === (given.blastRadius !== true))
        throw new CliError('usage', 'Name a user, or give --blast-radius.');
      return withPolicy(given, async ({ session: { directory, dc }, policy }) => {
        const { blastRadius, explainUser, findAccount } = await import('@kennel/active-directory');
        if (user === undefined) {
          const value = await blastRadius(directory, policy);
          return { value, text: blastText(value, given.all === true) };
        }
        const account = await findAccount(directory, user);
        const { token, ...value } = await explainUser(directory, policy, account);
        const tenantRefuses = await refusedByTenant(value, token, dc.domainName);
        return {
          value: { ...value, tenantRefuses },
          text: explanationText(value, tenantRefuses),
          exitCode: value.ticket && tenantRefuses !== true ? 0 : exitCodeOf('dc-denied'),
        };
      });
    },
  );
}

function changeValue(group: string, policy: ServerPolicy, { next, before, after }: PolicyChange) {
  const only = (some: PolicyChange['before'], other: PolicyChange['before']) =>
    namesOf([...some.values()].filter(({ sid }) => !other.has(sid)));
  return {
    group,
    never: { before: namesOf(policy.never), after: namesOf(next.never) },
    effective: { before: before.size, after: after.size },
    nowAllowed: only(after, before),
    nowDenied: only(before, after),
  };
}
