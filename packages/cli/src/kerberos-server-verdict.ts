/** Whether the Kerberos server of a domain and the tenant's KerberosDomain are in step. */

import type { KerberosDomain } from '@kennel/tenant';
import { EXIT } from './exit-codes.ts';

/** What the domain shows. */
export interface DomainSide {
  id: number;
  dnsName: string;
  keyVersion: number;
  keyUpdatedOn: Date;
  /** When the key of the domain's own krbtgt was made. */
  ownKeyUpdatedOn: Date;
}

export interface Verdict {
  state: 'in-step' | 'out-of-step' | 'absent-in-domain' | 'absent-in-tenant' | 'overdue';
  text: string;
  exitCode: number;
}

/** The interval that is usual for the domain's own krbtgt. */
const ROTATE_AFTER_DAYS = 180;
const DAY = 86_400_000;

export function verdictOf(
  domain: DomainSide | undefined,
  tenant: KerberosDomain | undefined,
  now: Date,
): Verdict {
  if (!domain)
    return {
      state: 'absent-in-domain',
      exitCode: EXIT.NO_SERVER_OBJECT,
      text: 'The domain has no Kerberos server object. Make it with: kennel kerberos-server create',
    };
  if (!tenant)
    return {
      state: 'absent-in-tenant',
      exitCode: EXIT.NO_TENANT_KEY,
      text: 'The tenant has no key of this domain. Publish it with: kennel kerberos-server create (it makes nothing twice)',
    };
  const differs = [
    ...(domain.id === tenant.krbtgtNumber
      ? []
      : [`the domain's Id is ${domain.id}, the tenant's ${tenant.krbtgtNumber}`]),
    ...(domain.keyVersion === tenant.keyVersion
      ? []
      : [`the domain's key version is ${domain.keyVersion}, the tenant's ${tenant.keyVersion}`]),
  ];
  if (differs.length > 0)
    return {
      state: 'out-of-step',
      exitCode: EXIT.OUT_OF_STEP,
      text: `Out of step: ${differs.join('; ')}. ${
        tenant.pendingKeyVersion === domain.keyVersion
          ? 'A rotation is under way; go on with it: kennel kerberos-server rotate'
          : 'Publish the present key with: kennel kerberos-server create'
      }`,
    };
  const age = (since: Date) => Math.floor((now.getTime() - since.getTime()) / DAY);
  const [days, ownDays] = [age(domain.keyUpdatedOn), age(domain.ownKeyUpdatedOn)];
  const ages = `The key is ${days} days old, that of the domain's own krbtgt ${ownDays}.`;
  if (days > ROTATE_AFTER_DAYS)
    return {
      state: 'overdue',
      exitCode: EXIT.ROTATION_OVERDUE,
      text: `In step. ${ages} Rotate it: kennel kerberos-server rotate`,
    };
  const pending =
    tenant.pendingKeyVersion === null
      ? ''
      : ` Version ${tenant.pendingKeyVersion} waits until every domain controller has it; go on with: kennel kerberos-server rotate`;
  return { state: 'in-step', exitCode: 0, text: `In step. ${ages}${pending}` };
}
