/** What the demo does with Alice's ticket, and whom it sees refused. */
import { readFileSync } from 'node:fs';
import type { DeviceError, signIn } from '@kennel/device';
import { decodeCcache, initiateNegotiate, requestTicket, tcpTransport } from '@kennel/kerberos';
import type { AdminClient } from '@kennel/tenant';
import { type DemoDomain, PEOPLE, type Person } from './domain.ts';
import { refused, type Stage } from './stage.ts';

/** Opens the intranet page as a browser would: a service ticket out of the cache's TGT, then Negotiate. */
export async function openIntranet({ kdc, realm, intranet }: DemoDomain, ccache: string): Promise<string> {
  const { credentials: cached, kdcTimeOffset } = decodeCcache(readFileSync(ccache));
  const [tgt] = cached;
  if (!tgt) throw new Error('the ticket cache is empty');
  const offset = kdcTimeOffset === undefined ? {} : { kdcTimeOffset };
  const { credentials } = await requestTicket({
    tgt,
    sname: intranet.name,
    realm,
    transport: tcpTransport(kdc),
    ...offset,
  });
  const negotiate = initiateNegotiate(credentials, new Date());
  const response = await fetch(intranet.url, {
    headers: { authorization: `Negotiate ${Buffer.from(negotiate.token).toString('base64')}` },
  });
  if (!response.ok) throw new Error(`the page answered ${response.status}: ${await response.text()}`);
  negotiate.check(Buffer.from(response.headers.get('www-authenticate')?.split(' ')[1] ?? '', 'base64'));
  return response.text();
}

/** Who says no: the domain controller; of synced users the tenant knows already, and asks for no ticket. */
const REFUSALS = {
  controller: {
    codes: { dora: 'dc-denied', gus: 'dc-denied' },
    proves: 'Who may have a ticket is the decision of AD, not of the tenant.',
  },
  sync: {
    codes: { dora: 'protected-account', gus: 'account-not-in-domain-users' },
    proves:
      'What AD says of an account the tenant knows by the sync: it makes no ticket that AD would refuse.',
  },
} as const;

/** Those whom AD denies sign in and get no ticket; a removed key does not sign in. */
export async function walkRefusals(
  step: Stage,
  signInAs: (person: Person) => ReturnType<typeof signIn>,
  admin: AdminClient,
  by: keyof typeof REFUSALS,
): Promise<void> {
  const { codes, proves } = REFUSALS[by];
  for (const person of ['dora', 'gus'] as const) {
    await step(
      `refused-${person}`,
      async () => {
        const { ticket } = await signInAs(person);
        if (ticket.state !== 'none' || ticket.code !== codes[person])
          throw new Error(`${person} was to be refused a ticket, and was not`);
        return ticket;
      },
      ({ message }) => ({
        text: `${PEOPLE[person].displayName}, ${PEOPLE[person].is}, got no ticket: ${message}`,
        proves,
      }),
    );
  }
  await step(
    'refused-bob',
    async () => {
      for (const { id } of await admin.keys.list('bob')) await admin.keys.remove('bob', id);
      return refused<DeviceError>(() => signInAs('bob'), 'key-removed');
    },
    ({ message }) => ({
      text: `Bob's key was removed, and his sign-in was refused: ${message}`,
      proves: 'A removed key stops working at the next request.',
    }),
  );
}
