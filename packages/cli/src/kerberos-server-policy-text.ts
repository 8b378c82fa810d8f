/** What the two lists mean, in plain words. */
import type {
  BlastRadius,
  Explanation,
  PolicyChange,
  ProtectedAccount,
  ServerPolicy,
} from '@kennel/active-directory';

const MOST = 20;

const list = (names: readonly string[]): string =>
  names.length === 0
    ? '  (nobody)'
    : [
        ...names.slice(0, MOST).map((name) => `  ${name}`),
        ...(names.length > MOST ? [`  and ${names.length - MOST} more (--json lists them)`] : []),
      ].join('\n');
const named = (accounts: readonly { name: string; sid: string }[]) =>
  list(accounts.map(({ name, sid }) => `${name} (${sid})`));

export function policyText({ reveal, never, allowed }: ServerPolicy): string {
  return [
    'Signs for members of:',
    named(reveal),
    'but for nobody in:',
    named(never),
    ...(allowed.length === 0
      ? ['Nothing was relaxed.']
      : [
          'Allowed by name, against the list as it was:',
          named(allowed),
          'The groups that held them are on the list by their members as of then: who joins such a group later is NOT denied. Take it back with: kennel kerberos-server policy deny GROUP',
        ]),
  ].join('\n');
}

const WHY = {
  'replication-rights': 'may replicate the directory, every key of the domain included',
  'admin-count': 'is protected as an administrator (adminCount)',
  'built-in': 'is a built-in account of the domain',
} as const;

export function changeText(
  verb: 'allow' | 'deny',
  { name: group }: { name: string },
  policy: ServerPolicy,
  { next, before, after }: PolicyChange,
  worth: ReadonlyMap<string, ProtectedAccount>,
): string {
  const nowAllowed = [...after.values()].filter(({ sid }) => !before.has(sid));
  const nowDenied = [...before.values()].filter(({ sid }) => !after.has(sid));
  const dangerous = nowAllowed.filter(({ sid }) => worth.has(sid));
  const listed = (accounts: ServerPolicy['never']) => accounts.map(({ name }) => name).join(', ');
  return [
    `NeverReveal before: ${listed(policy.never)}`,
    `NeverReveal after:  ${listed(next.never)}`,
    `Accounts that the Kerberos server may sign for: ${before.size} before, ${after.size} after.`,
    ...(nowAllowed.length > 0 ? ['Signed for from now on:', named(nowAllowed)] : []),
    ...(nowDenied.length > 0 ? ['Denied from now on:', named(nowDenied)] : []),
    ...(nowAllowed.length + nowDenied.length === 0
      ? [
          verb === 'allow'
            ? `That changes nobody's case: who is in ${group} was not denied, or is still denied by another group of the list (policy explain USER says which).`
            : "That changes nobody's case.",
        ]
      : []),
    ...(verb === 'allow'
      ? [
          `WARNING: whoever steals the Kerberos server's key, or takes over the tenant, can then be any member of ${group}, without their security key.`,
          ...dangerous.map(
            ({ name, sid }) =>
              `WARNING: ${name} ${(worth.get(sid)?.because ?? []).map((why) => WHY[why]).join(', and ')}: being ${name} is owning the domain.`,
          ),
          'Who joins the groups that were taken apart here is not denied any more: look at the list again after such a change.',
        ]
      : []),
  ].join('\n');
}

export function explanationText(
  { user, ticket, because, decidedBy, through, protectedBy }: Omit<Explanation, 'token'>,
  /** null where it is not known. */
  tenantRefuses: boolean | null,
): string {
  const by = decidedBy ? `${decidedBy.name} (${decidedBy.sid})` : '';
  const way = through.length > 0 ? `, through ${through.join(', ')}` : '';
  const said = {
    allowed: `${user.name} gets a ticket: a member of ${by}, and of no group that is denied.`,
    denied: `${user.name} gets no ticket: ${by} is on the NeverReveal list, and ${user.name} is in it${way}. To allow it: kennel kerberos-server policy allow GROUP (read its warning).`,
    'not-allowed': `${user.name} gets no ticket: not in Domain Users, whose members alone it may sign for. Add the user to Domain Users.`,
    'account-disabled': `${user.name} gets no ticket: the account is disabled.`,
  }[because];
  const also = protectedBy.map((why) => `${user.name} ${WHY[why]}.`);
  if (ticket && protectedBy.length > 0)
    also.push(
      {
        true: "AD's lists do not deny it, and the tenant does. A thief of the key would not care: deny a group of the account, or, if a ticket is wanted, allow one: kennel kerberos-server policy allow GROUP",
        false: `The tenant does not refuse it either: being ${user.name} is owning the domain.`,
        null: 'The tenant was not reached: it refuses protected accounts unless a group of theirs was allowed there.',
      }[`${tenantRefuses}`],
    );
  return [said, ...also].join('\n');
}

export function blastText({ protected: worst, others }: BlastRadius, all: boolean): string {
  const count = worst.length + others.length;
  return [
    `Whoever has the Kerberos server's key, or takes over the tenant, can be ${count} accounts of this domain.`,
    worst.length === 0
      ? 'None of them may replicate the directory or is protected as an administrator.'
      : `${worst.length} of them are worth the domain. Deny them (policy deny GROUP), or put them into the Denied RODC Password Replication Group:`,
    ...worst.map(({ name, because }) => `  ${name}: ${because.map((why) => WHY[why]).join(', and ')}`),
    all
      ? `The others:\n${others.map(({ name }) => `  ${name}`).join('\n')}`
      : `The other ${others.length} are ordinary accounts (--all names them).`,
  ].join('\n');
}
