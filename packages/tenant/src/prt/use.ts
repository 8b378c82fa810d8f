/**
 * Using a Primary Refresh Token ([MS-OAPXBC] 3.2.5.1.3): a device that holds the session key renews the token, or
 * gets an access token.
 */
import { encryptWithSessionKey, type ParsedJws } from '@kennel/prt';
import { checkKeyPolicy } from '../policy/keys.ts';
import type { Tenant, Visitor } from '../tenant.ts';
import { accessTokenAnswer } from '../tokens/access-token.ts';
import { makePrt, type NewPrt } from './issue.ts';
import { type Presented, withPresentedPrt } from './present.ts';
import type { PrtForm } from './request.ts';
import { type PrtUse, parsePrtUse } from './use-request.ts';

/**
 * @returns a compact JWE under the session key: a PRT answer without session key, or an access token's
 * @throws TenantError of every check; a request that cannot be read is not audited, everything after is
 */
export async function usePrt(tenant: Tenant, by: Visitor, form: PrtForm, jws: ParsedJws): Promise<string> {
  const use = parsePrtUse(form, jws);
  const { prt, requestNonce: nonce } = use;
  return withPresentedPrt(tenant, by, { prt, jws, nonce, use: 'prt-use' }, async (presented) => {
    const { row, holder, sessionKey, audited } = presented;
    const answer =
      use.wants === 'prt'
        ? await renew(tenant, use, presented)
        : await accessTokenAnswer(
            tenant,
            { ...use, ...holder, authenticatedOn: row.authenticated_on },
            audited,
          );
    return encryptWithSessionKey(sessionKey, Buffer.from(JSON.stringify(answer)), use.mode);
  });
}

async function renew(tenant: Tenant, use: PrtUse, { row, holder, sessionKey, audited }: Presented) {
  const { user, device, key } = holder;
  if (key !== undefined) await checkKeyPolicy(tenant, key);
  const accept: NewPrt['accept'] = (work) => tenant.audit.decide(work);
  const renewed = {
    event: 'prt.renewed',
    asked: use,
    device,
    user,
    origin: row,
    sessionKey,
    accept,
  } as const;
  return makePrt(tenant, renewed, audited);
}
