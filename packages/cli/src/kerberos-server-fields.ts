/** The fields of `kerberos-server get`: those of the usual admin tool in its order, then what it does not show. */
import type { DomainSession } from '@kennel/active-directory';
import type { KerberosDomain } from '@kennel/tenant';
import type { DomainSide } from './kerberos-server-verdict.ts';

const DAY = 86_400_000;

export interface ShownDomain {
  side: DomainSide;
  userDn: string;
  computerDn: string;
  /** The controller that made the key: its name, or its invocationId where it is gone. */
  keyUpdatedFrom: string;
}

/** What the domain has; undefined where it has no Kerberos server object. */
export async function domainSide(
  session: DomainSession,
  objectName: string | undefined,
): Promise<ShownDomain | undefined> {
  const { controllerOfInvocation, findServerObjects, readKrbtgtKey } = await import(
    '@kennel/active-directory'
  );
  const { dc, directory } = session;
  const objects = await findServerObjects(directory, objectName);
  if (!objects) return undefined;
  const read = async (objectDn: string) => {
    const { aes256, ...facts } = await readKrbtgtKey({
      dc: { host: session.address },
      objectDn,
      security: session.rpcSecurity(),
    });
    aes256.fill(0);
    return facts;
  };
  const key = await read(objects.userDn);
  const own = await read(`CN=krbtgt,CN=Users,${directory.baseDn}`);
  return {
    side: {
      id: objects.id,
      dnsName: dc.domainName,
      keyVersion: key.keyVersion,
      keyUpdatedOn: key.changedAt,
      ownKeyUpdatedOn: own.changedAt,
    },
    userDn: objects.userDn,
    computerDn: objects.computerDn,
    keyUpdatedFrom: (await controllerOfInvocation(directory, key.changedFrom)) ?? key.changedFrom,
  };
}

/** One side that is absent leaves its fields empty. */
export function shownFields(
  domain: ShownDomain | undefined,
  tenant: KerberosDomain | undefined,
  now: Date,
): Record<string, unknown> {
  const side = domain?.side;
  const days = (since: Date | undefined) =>
    since === undefined ? null : Math.floor((now.getTime() - since.getTime()) / DAY);
  return {
    Id: side?.id ?? null,
    UserAccount: domain?.userDn ?? null,
    ComputerAccount: domain?.computerDn ?? null,
    DisplayName: side ? `krbtgt_${side.id}` : null,
    DomainDnsName: side?.dnsName ?? null,
    KeyVersion: side?.keyVersion ?? null,
    KeyUpdatedOn: side?.keyUpdatedOn.toISOString() ?? null,
    KeyUpdatedFrom: domain?.keyUpdatedFrom ?? null,
    CloudDisplayName: tenant ? `krbtgt_${tenant.krbtgtNumber}` : null,
    CloudDomainDnsName: tenant?.dnsName ?? null,
    CloudId: tenant?.krbtgtNumber ?? null,
    CloudKeyVersion: tenant?.keyVersion ?? null,
    CloudKeyUpdatedOn: tenant?.keyUpdatedOn ?? null,
    CloudTrustDisplay: tenant
      ? `${tenant.realm} trusts krbtgt_${tenant.krbtgtNumber} (${tenant.domainSid})`
      : null,
    CloudPendingKeyVersion: tenant?.pendingKeyVersion ?? null,
    KeyAgeInDays: days(side?.keyUpdatedOn),
    DomainKrbtgtUpdatedOn: side?.ownKeyUpdatedOn.toISOString() ?? null,
    DomainKrbtgtAgeInDays: days(side?.ownKeyUpdatedOn),
  };
}
