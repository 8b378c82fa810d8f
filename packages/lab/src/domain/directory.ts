/** The embedded domain's directory, in memory: users, groups with nesting, services, and the Kerberos server object. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Account, Krbtgt, Realm, Service, VersionedKey } from '@kennel/kdc';
import { joinKvno, Key, ntHash, type PrincipalName, principalText } from '@kennel/kerberos';

/** Well-known RIDs and SIDs ([MS-DTYP] 2.4.2.4). */
export const RID = {
  ADMINISTRATOR: 500,
  KRBTGT: 502,
  DOMAIN_ADMINS: 512,
  DOMAIN_USERS: 513,
  DOMAIN_GUESTS: 514,
  SCHEMA_ADMINS: 518,
  ENTERPRISE_ADMINS: 519,
  DENIED_RODC: 572,
} as const;
const BUILTIN = {
  ADMINISTRATORS: 'S-1-5-32-544',
  SERVER_OPERATORS: 'S-1-5-32-549',
  ACCOUNT_OPERATORS: 'S-1-5-32-548',
  BACKUP_OPERATORS: 'S-1-5-32-551',
} as const;
const FIRST_RID = 1100;

/** What of a user an administrator sets. */
export interface LabUser {
  samAccountName: string;
  displayName: string;
  password: string;
  /** RID of the primary group; Domain Users unless given. */
  primaryGroup: number;
  enabled: boolean;
  lockedOut: boolean;
  expiresAt?: Date;
  mustChangePassword: boolean;
}

interface StoredUser extends LabUser {
  sid: string;
  keys: readonly VersionedKey[];
  ntHash: Uint8Array;
}

interface Group {
  sid: string;
  /** Domain-local and built-in groups decide policy and do not stand in the PAC. */
  global: boolean;
  members: Set<string>;
}

const lower = (text: string) => text.toLowerCase();

export class LabDirectory implements Realm {
  readonly realm: string;
  readonly dnsDomainName: string;
  readonly netbiosDomainName: string;
  readonly domainSid: string;
  readonly #users = new Map<string, StoredUser>();
  readonly #groups = new Map<string, Group>();
  readonly #services = new Map<string, Service>();
  readonly #krbtgts = new Map<number, Krbtgt>();
  #nextRid = FIRST_RID;

  constructor(realm: string) {
    this.realm = realm.toUpperCase();
    this.dnsDomainName = realm.toLowerCase();
    this.netbiosDomainName = this.realm.split('.')[0] ?? this.realm;
    this.domainSid = `S-1-5-21-${randomInt(2 ** 32)}-${randomInt(2 ** 32)}-${randomInt(2 ** 32)}`;
    this.#krbtgts.set(0, { number: 0, keys: [{ version: 1, key: Key.random() }] });
    for (const rid of [
      RID.DOMAIN_ADMINS,
      RID.DOMAIN_USERS,
      RID.DOMAIN_GUESTS,
      RID.SCHEMA_ADMINS,
      RID.ENTERPRISE_ADMINS,
    ])
      this.addGroup(this.sid(rid), true);
    for (const sid of Object.values(BUILTIN)) this.addGroup(sid, false);
    this.addGroup(this.sid(RID.DENIED_RODC), false);
    for (const rid of [RID.DOMAIN_ADMINS, RID.SCHEMA_ADMINS, RID.ENTERPRISE_ADMINS])
      this.addMember(this.sid(RID.DENIED_RODC), this.sid(rid));
    for (const rid of [RID.DOMAIN_ADMINS, RID.ENTERPRISE_ADMINS])
      this.addMember(BUILTIN.ADMINISTRATORS, this.sid(rid));
  }

  /** The SID of a RID of this domain. */
  sid(rid: number): string {
    return `${this.domainSid}-${rid}`;
  }

  /** @returns the user's SID */
  addUser(user: Partial<LabUser> & Pick<LabUser, 'samAccountName'>): string {
    const password = user.password ?? randomBytes(24).toString('base64');
    const sid = this.sid(this.#nextRid++);
    const salt = `${this.realm}${user.samAccountName}`;
    const defaults = {
      displayName: user.samAccountName,
      primaryGroup: RID.DOMAIN_USERS,
      enabled: true,
      lockedOut: false,
      mustChangePassword: false,
    };
    this.#users.set(lower(user.samAccountName), {
      ...defaults,
      ...user,
      password,
      sid,
      keys: [{ version: 1, key: Key.fromPassword(password, salt) }],
      ntHash: ntHash(password),
    });
    return sid;
  }

  /** Changes what an administrator can set. */
  setUser(samAccountName: string, change: Partial<Omit<LabUser, 'samAccountName' | 'password'>>): void {
    const user = this.#users.get(lower(samAccountName));
    if (!user) throw new Error(`The lab has no user ${samAccountName}.`);
    Object.assign(user, change);
  }

  /** The SID of a user. */
  sidOf(samAccountName: string): string {
    const user = this.#users.get(lower(samAccountName));
    if (!user) throw new Error(`The lab has no user ${samAccountName}.`);
    return user.sid;
  }

  /** @param global false for domain-local and built-in groups: they decide policy and do not stand in the PAC */
  addGroup(sid: string, global = true): void {
    this.#groups.set(sid, { sid, global, members: new Set() });
  }

  addMember(groupSid: string, memberSid: string): void {
    this.#groups.get(groupSid)?.members.add(memberSid);
  }

  removeMember(groupSid: string, memberSid: string): void {
    this.#groups.get(groupSid)?.members.delete(memberSid);
  }

  /** @returns the service's key, for its own use */
  addService(name: PrincipalName): Key {
    const key = Key.random();
    this.#services.set(lower(principalText(name)), { name, keys: [{ version: 1, key }] });
    return key;
  }

  /**
   * The three objects of a Kerberos server in one: krbtgt account with a random number, its computer, and the
   * two lists as AD sets them. @returns number, signed kvno and key, as a keytab export on the DC would give them
   */
  createKerberosServerObjects(number = randomInt(1, 65_536)): { number: number; kvno: number; key: Key } {
    const key = Key.random();
    const neverReveal = [this.sid(RID.DENIED_RODC), ...Object.values(BUILTIN)];
    this.#krbtgts.set(number, {
      number,
      keys: [{ version: 1, key }],
      rodc: { linked: true, partialSecrets: true, revealOnDemand: [this.sid(RID.DOMAIN_USERS)], neverReveal },
    });
    return { number, kvno: joinKvno(number, 1), key };
  }

  /** Replaces what the directory holds of a Kerberos server (for tests of what a DC then answers). */
  setKrbtgt(krbtgt: Krbtgt): void {
    this.#krbtgts.set(krbtgt.number, krbtgt);
  }

  async findKrbtgt(number: number): Promise<Krbtgt | undefined> {
    return this.#krbtgts.get(number);
  }

  async findService(name: PrincipalName): Promise<Service | undefined> {
    return this.#services.get(lower(principalText(name)));
  }

  async findAccount(name: PrincipalName): Promise<Account | undefined> {
    const text = lower(principalText(name));
    const suffix = `@${this.dnsDomainName}`;
    const user = this.#users.get(text.endsWith(suffix) ? text.slice(0, -suffix.length) : text);
    return user && this.#account(user);
  }

  #account(user: StoredUser): Account {
    const memberOf = this.#memberOf(user.sid, this.sid(user.primaryGroup));
    const prefix = `${this.domainSid}-`;
    const groups = [...memberOf]
      .filter((sid) => this.#groups.get(sid)?.global && sid.startsWith(prefix))
      .map((sid) => Number(sid.slice(prefix.length)));
    const { sid, samAccountName, displayName, keys, primaryGroup, enabled, lockedOut, mustChangePassword } =
      user;
    return {
      sid,
      samAccountName,
      displayName,
      keys,
      primaryGroup,
      enabled,
      lockedOut,
      mustChangePassword,
      groups,
      memberOf,
      upn: `${samAccountName}@${this.dnsDomainName}`,
      salt: `${this.realm}${samAccountName}`,
      ntHash: user.ntHash,
      ...(user.expiresAt ? { expiresAt: user.expiresAt } : {}),
    };
  }

  /** Every group that a SID is in, through nesting; a loop among groups ends by itself. */
  #memberOf(sid: string, primaryGroup: string): Set<string> {
    const found = new Set<string>([primaryGroup]);
    const queue = [sid, primaryGroup];
    for (let member = queue.pop(); member !== undefined; member = queue.pop()) {
      for (const group of this.#groups.values()) {
        if (!group.members.has(member) || found.has(group.sid)) continue;
        found.add(group.sid);
        queue.push(group.sid);
      }
    }
    return found;
  }
}
