/**
 * The partial TGT for a user: which on-premises domain, whether a ticket may be minted at all, and the mint.
 * Without one the PRT is good all the same, and the answer says why.
 */
import { mintPartialTgt, type PartialTgt } from '@kennel/kerberos';
import type { TenantErrorCode } from '../errors.ts';
import { mintingKey, type WhichKey } from '../kerberos-domains/keys.ts';
import { domainByName } from '../kerberos-domains/queries.ts';
import type { UserRow } from '../store/schema.ts';
import { ticketRefusal } from '../sync/account.ts';
import type { Tenant } from '../tenant.ts';
import { domainOfSid } from '../users/rules.ts';

/** Administrator and krbtgt ([MS-DTYP] 2.4.2.4): whose ticket would be worth the domain. */
const PROTECTED_RIDS: readonly string[] = ['500', '502'];

export type Ticket =
  | { made: true; tgt: PartialTgt; topLevelNames: string }
  | { made: false; code: TenantErrorCode; message: string };

/**
 * Mints a partial TGT, or says why there is none.
 * @param probe with which key and for how many seconds, where the ticket is only to try a domain controller
 */
export async function ticketFor(
  tenant: Tenant,
  user: UserRow,
  probe?: { key: WhichKey; lifetimeSeconds: number },
): Promise<Ticket> {
  const {
    on_premises_sid: sid,
    on_premises_sam_account_name: sam,
    on_premises_domain_name: domainName,
  } = user;
  if (sid === null || sam === null || domainName === null) {
    return none(
      'tgt-no-on-premises-user',
      'Your account has no counterpart in an on-premises domain. Ask your administrator to set its on-premises names and SID.',
    );
  }
  const domain = await domainByName(tenant.store, domainName);
  if (domain === undefined) {
    return none(
      'tgt-no-kerberos-domain',
      `The key of a Kerberos server object of ${domainName} is not published here. Ask your administrator to run \`kennel kerberos-server create\`.`,
    );
  }
  if (domainOfSid(sid) !== domain.domain_sid) {
    return none(
      'tgt-sid-outside-domain',
      `Your account's SID is not of the domain ${domainName}. Ask your administrator to correct it.`,
    );
  }
  if (PROTECTED_RIDS.includes(sid.slice(sid.lastIndexOf('-') + 1))) {
    return none(
      'tgt-protected-account',
      'This account protects the domain itself, and gets no ticket by security key. Sign in with an ordinary account.',
    );
  }
  const refusal = await ticketRefusal(tenant, user);
  if (refusal !== undefined) return none(refusal.code, refusal.message);
  try {
    const { key, kvno } = mintingKey(tenant, domain, probe?.key);
    const tgt = mintPartialTgt({
      realm: domain.realm,
      key,
      kvno,
      user: {
        sid,
        samAccountName: sam,
        netbiosDomainName: domain.netbios_name,
        dnsDomainName: domain.dns_name,
        upn: user.user_principal_name,
      },
      now: tenant.now(),
      ...(probe ? { lifetimeSeconds: probe.lifetimeSeconds } : {}),
    });
    return { made: true, tgt, topLevelNames: `.${domain.dns_name}` };
  } catch (error) {
    tenant.log.error(
      { err: error, userId: user.id, domain: domain.dns_name },
      'no partial TGT could be minted',
    );
    return none(
      'tgt-mint-failed',
      `The ticket for ${domainName} could not be made. Ask your administrator to look at the log and to publish the key again.`,
    );
  }
}

const none = (code: TenantErrorCode, message: string): Ticket => ({ made: false, code, message });
