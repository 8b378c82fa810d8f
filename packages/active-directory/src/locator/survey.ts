/** All domain controllers that DNS names, each asked what it is: for diagnosis, where the locator stops at the first. */
import { srvResolver } from '@kennel/kerberos';
import { Client } from 'ldapts';
import { DS_FLAG, type NetlogonResponse } from '../cldap/netlogon.ts';
import { pingDomainController } from '../cldap/ping.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { resolveHost } from './locate.ts';

export interface SurveyedController {
  hostName: string;
  addresses: readonly string[];
  /** What it says of itself over CLDAP; undefined where it does not answer. */
  answer: NetlogonResponse | undefined;
}

const AT_MOST = 64;
const TIMEOUT = 5_000;

/** @throws ActiveDirectoryError `dc-not-found` where DNS knows none */
export async function surveyControllers(
  domain: string,
  dnsServers?: readonly string[],
): Promise<SurveyedController[]> {
  const question = `_ldap._tcp.dc._msdcs.${domain}`;
  const records = await srvResolver(dnsServers)(question).catch((cause: NodeJS.ErrnoException) => {
    throw new ActiveDirectoryError('dc-not-found', `DNS does not answer ${question} (${cause.code}).`, {
      question,
    });
  });
  return Promise.all(
    records.slice(0, AT_MOST).map(async ({ name: hostName }) => {
      const addresses = await resolveHost(hostName, dnsServers);
      const [address] = addresses;
      const answer =
        address === undefined
          ? undefined
          : await pingDomainController({ host: address }, domain).catch((error: unknown) => {
              if (error instanceof ActiveDirectoryError) return undefined;
              throw error;
            });
      return { hostName, addresses, answer };
    }),
  );
}

/** Which of the functional generations a controller speaks of; Samba names none of the later ones. */
export function keyListSupport({ flags }: NetlogonResponse): 'yes' | 'no' | 'not-applicable' {
  if ((flags & DS_FLAG.KEYLIST) !== 0) return 'yes';
  return (flags & (DS_FLAG.DS_9 | DS_FLAG.DS_10)) !== 0 ? 'no' : 'not-applicable';
}

/** The controller's clock, by its root entry, which is for everyone to read. Undefined where it does not answer. */
export async function controllerClock(address: string): Promise<Date | undefined> {
  const host = address.includes(':') ? `[${address}]` : address;
  const client = new Client({ url: `ldap://${host}`, timeout: TIMEOUT, connectTimeout: TIMEOUT });
  try {
    const { searchEntries } = await client.search('', { scope: 'base', attributes: ['currentTime'] });
    const [, year, month, day, hour, minute, second] =
      /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(String(searchEntries[0]?.currentTime)) ?? [];
    if (second === undefined) return undefined;
    return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  } catch {
    return undefined; // silence and nonsense are the same here
  } finally {
    await client.unbind().catch(() => undefined);
  }
}
