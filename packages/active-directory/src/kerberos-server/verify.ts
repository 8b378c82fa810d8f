/** Tries the Kerberos server at every domain controller: what each is, what it has of the key, and what it makes of a ticket. */
import { KerberosError } from '@kennel/kerberos';
import { DS_FLAG } from '../cldap/netlogon.ts';
import { pingDomainController } from '../cldap/ping.ts';
import { type DomainController, listDomainControllers } from '../controllers.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { readEntry, texts } from '../ldap/search.ts';
import { flagNames } from '../locator/locate.ts';
import type { ControllerSession, DomainSession } from '../session.ts';
import type { ServerObjects } from './objects.ts';
import { type ProbeMaker, probeController } from './probe.ts';

export interface ControllerCheck extends DomainController {
  reachable: boolean;
  /** Of the Kerberos server, as this controller has it; null where it could not be read. */
  keyVersion: number | null;
  /** Whether it has the version that the tenant signs with. */
  keyKnown: boolean | null;
  /** Whether it answers key lists, by its own word. */
  keylist: boolean | null;
  /** Whether its full TGT is under an AES key. */
  aes: boolean | null;
  /** Seconds by which its clock is ahead of this machine's. */
  clockOffsetSeconds: number | null;
  site: string | null;
  flags: string[];
  redeemed: boolean;
  /** `full TGT`, or why there is none. */
  result: string;
}

export interface VerifyOptions {
  session: DomainSession;
  objects: Pick<ServerObjects, 'userDn'>;
  tenant: ProbeMaker;
  tenantKeyVersion: number;
  user: string;
  onCheck?: (check: ControllerCheck) => void;
}

/** @throws what the tenant throws (no such user, no ticket for this user); all that a controller does is in its check */
export async function verifyControllers(options: VerifyOptions): Promise<ControllerCheck[]> {
  const checks: ControllerCheck[] = [];
  for (const controller of await listDomainControllers(options.session.directory)) {
    const check = await checkController(options, controller);
    options.onCheck?.(check);
    checks.push(check);
  }
  return checks;
}

async function checkController(
  options: VerifyOptions,
  controller: DomainController,
): Promise<ControllerCheck> {
  const { session, tenant, tenantKeyVersion, user } = options;
  const check: ControllerCheck = {
    ...controller,
    ...{ reachable: false, keyVersion: null, keyKnown: null, keylist: null, aes: null },
    ...{ clockOffsetSeconds: null, site: null, flags: [], redeemed: false, result: '' },
  };
  const problems: string[] = [];
  const attempt = async (what: () => Promise<void>) => {
    try {
      await what();
      return true;
    } catch (error) {
      if (!(error instanceof ActiveDirectoryError || error instanceof KerberosError)) throw error;
      problems.push(error.message);
      return false;
    }
  };
  let address = '';
  if (
    !(await attempt(async () => {
      address = await session.addressOf(controller.hostName);
    }))
  )
    return { ...check, result: problems.join(' ') };
  await attempt(async () => {
    const { flags, dcSiteName } = await pingDomainController({ host: address }, session.dc.domainName);
    check.flags = flagNames(flags);
    check.keylist = (flags & DS_FLAG.KEYLIST) !== 0;
    check.site = dcSiteName;
  });
  check.reachable = await attempt(() => lookInside(options, check));
  if (check.keyVersion !== null) check.keyKnown = check.keyVersion === tenantKeyVersion;
  if (!controller.writable) return { ...check, result: 'read-only: nobody redeems tickets here' };
  const outcome = await probeController(tenant, { hostName: controller.hostName, address }, 'current', user);
  if (!outcome.answered) return { ...check, result: [...problems, outcome.message].join(' ') };
  const { redeemed, keyKnown, refusal, message, etype, controllerTime } = outcome.answer;
  if (controllerTime !== null && check.clockOffsetSeconds === null)
    check.clockOffsetSeconds = secondsAhead(new Date(controllerTime));
  return {
    ...check,
    reachable: true,
    keyKnown: keyKnown ?? check.keyKnown,
    aes: etype === null ? (refusal === 'ETYPE_NOSUPP' ? false : null) : AES.includes(etype),
    redeemed,
    result: redeemed ? 'full TGT' : `${refusal}: ${message}`,
  };
}

/** aes128- and aes256-cts-hmac-sha1-96, and those of RFC 8009. */
const AES: readonly number[] = [17, 18, 19, 20];

/** Key version and clock, over LDAP. */
async function lookInside({ session, objects }: VerifyOptions, check: ControllerCheck): Promise<void> {
  const own = check.hostName === session.hostName;
  const there: ControllerSession = own ? session : await session.at(check.hostName);
  try {
    const account = await readEntry(there.directory, objects.userDn, ['msDS-KeyVersionNumber']);
    const version = Number(texts(account, 'msDS-KeyVersionNumber')[0] ?? Number.NaN);
    if (!Number.isNaN(version)) check.keyVersion = version & 0xffff;
    const root = await readEntry(there.directory, '', ['currentTime']);
    check.clockOffsetSeconds = secondsAhead(generalizedTime(texts(root, 'currentTime')[0] ?? ''));
  } finally {
    if (!own) await there.close();
  }
}

/** Their time is in whole seconds: half a second is the middle of what it may be. */
const secondsAhead = (theirs: Date): number | null => {
  const seconds = Math.round((theirs.getTime() + 500 - Date.now()) / 1000) || 0;
  return Number.isNaN(theirs.getTime()) ? null : seconds;
};

/** RFC 4517 section 3.3.13, as AD writes it: 20260102030405.0Z. */
const generalizedTime = (text: string): Date =>
  new Date(text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d).*$/, '$1-$2-$3T$4:$5:$6Z'));
