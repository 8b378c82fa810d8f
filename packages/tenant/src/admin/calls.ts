/**
 * The administrators' calls as methods, over any transport: the admin socket, the network with an enrolled client, a
 * browser with a session. Of the tenant it imports types only, so that the pages can be built with it.
 */
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import type { AuditCheck, AuditLine } from '../audit/schema.ts';
import type { CeremonyEvent, CeremonyQuery, ReportedStep } from '../ceremonies/schema.ts';
import type { EnrolledClient, Invitation, NewInvitation } from '../clients/schema.ts';
import type { Device, DeviceCa, DevicePolicy, DevicePolicyChanges } from '../devices/schema.ts';
import type { Group, NewGroup } from '../groups/schema.ts';
import type {
  KerberosDomain,
  KeyActivation,
  NewKerberosDomain,
  NewPendingKey,
  NewProbe,
  Probe,
  ProbeAnswer,
  ProbeResult,
} from '../kerberos-domains/schema.ts';
import type { KeyModelInfo, MetadataStatus } from '../metadata/schema.ts';
import type { NewPass, Pass, PassPolicy, PassPolicyChanges } from '../passes/schema.ts';
import type { AcceptedModels, KeyPolicy, KeyPolicyChanges } from '../policy/schema.ts';
import type { ModelCount, RefusedKey, RefusedKeys, UnusedKey } from '../reports/schema.ts';
import type {
  OnPremisesAccount,
  SyncDomain,
  SyncedKind,
  SyncRun,
  SyncSettingsChanges,
} from '../sync/schema.ts';
import type { NewUser, User, UserChanges } from '../users/schema.ts';
import type { KeyRegistration, SecurityKeyInfo } from '../webauthn/schema.ts';
import type { TenantStatus } from './schema.ts';

const PAGE = 1000;

/** One call; it throws what the tenant refused with, as the transport words it. */
export type AdminTransport = <T>(method: string, path: string, body?: unknown) => Promise<T>;

export type AdminClient = ReturnType<typeof adminClientOver>;

/** A user is named by id, full name, or the part before the @. */
export function adminClientOver(call: AdminTransport) {
  const get = <T>(path: string) => call<T>('GET', path);
  const post = <T>(path: string, body: unknown) => call<T>('POST', path, body);
  const put = <T>(path: string, body: unknown) => call<T>('PUT', path, body);
  const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, body);
  const remove = async (path: string) => {
    await call<unknown>('DELETE', path);
  };
  const user = (name: string) => `/users/${encodeURIComponent(name)}`;
  const group = (name: string) => `/groups/${encodeURIComponent(name)}`;
  const member = (name: string, userName: string) => `${group(name)}/members/${encodeURIComponent(userName)}`;
  const policy = (name: string) => `/key-policies/${encodeURIComponent(name)}`;
  const ofUser = (name: string | undefined) =>
    name === undefined ? '' : `?user=${encodeURIComponent(name)}`;
  const kerberosDomain = (dnsName: string) => `/kerberos-domains/${encodeURIComponent(dnsName)}`;
  const device = (id: string) => `/devices/${encodeURIComponent(id)}`;
  return {
    status: () => get<TenantStatus>('/status'),
    users: {
      create: (given: NewUser) => post<User>('/users', given),
      list: () => pages<User>(get, '/users', nameOf),
      show: (name: string) => get<User>(user(name)),
      /** What the directory that a user comes from says of the account; null for one of the tenant's own. */
      account: async (name: string) =>
        (await get<{ account: OnPremisesAccount | null }>(`${user(name)}/account`)).account,
      update: (name: string, changes: UserChanges) => patch<User>(user(name), changes),
      enable: (name: string) => patch<User>(user(name), { enabled: true }),
      disable: (name: string) => patch<User>(user(name), { enabled: false }),
      /** Ends sessions and tokens on all devices. */
      signOut: (name: string) => remove(`${user(name)}/sign-ins`),
      delete: (name: string) => remove(user(name)),
      setRole: (name: string, role: User['role']) => put<User>(`${user(name)}/role`, { role }),
    },
    keys: {
      /** Options for the key's ceremony, and the origin that its client data must name. */
      options: (name: string, challengeTimeoutInMinutes?: number) =>
        post<{ publicKey: PublicKeyCredentialCreationOptionsJSON; origin: string }>(
          `${user(name)}/keys/options`,
          {
            challengeTimeoutInMinutes,
          },
        ),
      register: (name: string, given: KeyRegistration) => post<SecurityKeyInfo>(`${user(name)}/keys`, given),
      list: (name: string) => get<SecurityKeyInfo[]>(`${user(name)}/keys`),
      remove: (name: string, id: string) => remove(`${user(name)}/keys/${encodeURIComponent(id)}`),
    },
    devices: {
      /** @param notSeenSince ISO 8601 in UTC: those that were neither seen nor joined since then */
      list: (notSeenSince?: string) =>
        pages<Device>(
          get,
          notSeenSince === undefined
            ? '/devices'
            : `/devices?notSeenSince=${encodeURIComponent(notSeenSince)}`,
          (last) => last.id,
        ),
      /** The CAs that issued their certificates, the current one first. */
      cas: () => get<DeviceCa[]>('/device-cas'),
      policy: () => get<DevicePolicy>('/device-policy'),
      changePolicy: (changes: DevicePolicyChanges) => patch<DevicePolicy>('/device-policy', changes),
      show: (id: string) => get<Device>(device(id)),
      enable: (id: string) => patch<Device>(device(id), { enabled: true }),
      disable: (id: string) => patch<Device>(device(id), { enabled: false }),
      delete: (id: string) => remove(device(id)),
    },
    kerberosDomains: {
      publish: (given: NewKerberosDomain) => post<KerberosDomain>('/kerberos-domains', given),
      list: () => get<KerberosDomain[]>('/kerberos-domains'),
      remove: (dnsName: string) => remove(kerberosDomain(dnsName)),
      /** A key that is used only once it is activated. */
      publishPending: (dnsName: string, given: NewPendingKey) =>
        put<KerberosDomain>(`${kerberosDomain(dnsName)}/pending-key`, given),
      activate: (dnsName: string, given: KeyActivation) =>
        post<KerberosDomain>(`${kerberosDomain(dnsName)}/pending-key/activation`, given),
      discardPending: (dnsName: string) => remove(`${kerberosDomain(dnsName)}/pending-key`),
      /** A sealed request for one domain controller; its answer goes to `readProbe`. */
      probe: (dnsName: string, given: NewProbe) => post<Probe>(`${kerberosDomain(dnsName)}/probes`, given),
      readProbe: (dnsName: string, given: ProbeAnswer) =>
        post<ProbeResult>(`${kerberosDomain(dnsName)}/probes/answer`, given),
    },
    groups: {
      create: (given: NewGroup) => post<Group>('/groups', given),
      list: () => get<Group[]>('/groups'),
      delete: (name: string) => remove(group(name)),
      members: (name: string) => pages<User>(get, `${group(name)}/members`, nameOf),
      addMember: async (name: string, userName: string) => {
        await put<unknown>(member(name, userName), {});
      },
      removeMember: (name: string, userName: string) => remove(member(name, userName)),
    },
    /** Policies for security keys; an entry is named by its group, or `default`. */
    keyPolicies: {
      list: () => get<KeyPolicy[]>('/key-policies'),
      show: (name: string) => get<KeyPolicy>(policy(name)),
      /** Changes what is given; makes the entry where there is none. */
      change: (name: string, changes: KeyPolicyChanges) => patch<KeyPolicy>(policy(name), changes),
      remove: (name: string) => remove(policy(name)),
      /** The order in which entries are tried: every group that has one. */
      order: (groups: string[]) => put<KeyPolicy[]>('/key-policies', { groups }),
      /** The policy that holds for a user. */
      effective: (userName: string) => get<KeyPolicy>(`/effective-key-policy${ofUser(userName)}`),
      /** The models that are accepted of a user, or under the default. */
      models: (userName?: string) => get<AcceptedModels>(`/accepted-key-models${ofUser(userName)}`),
    },
    /** Temporary Access Passes: a user has one at most. */
    passes: {
      /** A new one in place of the one before; the pass itself is in this answer only. */
      create: (name: string, given: NewPass = {}) => post<Pass>(`${user(name)}/pass`, given),
      show: (name: string) => get<Pass>(`${user(name)}/pass`),
      remove: (name: string) => remove(`${user(name)}/pass`),
      policy: () => get<PassPolicy>('/pass-policy'),
      changePolicy: (changes: PassPolicyChanges) => patch<PassPolicy>('/pass-policy', changes),
    },
    metadata: {
      status: () => get<MetadataStatus>('/metadata'),
      /** Asks the source now. */
      refresh: () => post<MetadataStatus>('/metadata/refresh', {}),
      models: () => get<KeyModelInfo[]>('/metadata/models'),
      /** One model, with its picture as a data URL. */
      model: (aaGuid: string) =>
        get<KeyModelInfo & { icon: string | null }>(`/metadata/models/${encodeURIComponent(aaGuid)}`),
    },
    reports: {
      /** Enabled users with exactly so many keys: 0, who has none; 1, who has no other when it is lost. */
      usersWithKeys: (keys: number) => pages<User>(get, `/reports/users?keys=${keys}`, nameOf),
      /** Keys that were neither used nor registered for so many days. */
      unusedKeys: (days: number) =>
        pages<UnusedKey>(get, `/reports/unused-keys?days=${days}`, (last) => last.id),
      /** Keys that the policies of their users do not accept today. */
      refusedKeys: async () => {
        const all: RefusedKey[] = [];
        for (let after: string | null = ''; after !== null; ) {
          const part: RefusedKeys = await get(`/reports/refused-keys?after=${encodeURIComponent(after)}`);
          all.push(...part.keys);
          after = part.after;
        }
        return all;
      },
      models: () => get<ModelCount[]>('/reports/models'),
    },
    ceremonies: {
      /** Steps of ceremonies, the newest first. */
      list: (query: Partial<CeremonyQuery> = {}) => {
        const parameters = new URLSearchParams();
        for (const [name, value] of Object.entries(query)) {
          if (value !== undefined) parameters.set(name, String(value));
        }
        return get<CeremonyEvent[]>(`/ceremonies?${parameters}`);
      },
      /** A step on this side, of a registration that an administrator carries out. */
      report: (step: ReportedStep) => post<{ traceId: string }>('/ceremonies', step),
    },
    /** Domains whose connectors bring users. */
    sync: {
      domains: () => get<SyncDomain[]>('/sync/domains'),
      /** The newest first. */
      runs: (domain?: string, limit = 50) =>
        get<SyncRun[]>(
          `/sync/runs?limit=${limit}${domain === undefined ? '' : `&domain=${encodeURIComponent(domain)}`}`,
        ),
      changeSettings: (domain: string, changes: SyncSettingsChanges) =>
        patch<SyncDomain>(`/sync/domains/${encodeURIComponent(domain)}/settings`, changes),
      /** Users with their keys, groups and computers of the domain go. */
      forget: (domain: string) =>
        call<Record<SyncedKind, number>>('DELETE', `/sync/domains/${encodeURIComponent(domain)}`),
    },
    /** Programs that may do this from elsewhere. */
    clients: {
      invite: (given: NewInvitation) => post<Invitation>('/client-invitations', given),
      list: () => get<EnrolledClient[]>('/clients'),
      revoke: (name: string) => call<EnrolledClient>('DELETE', `/clients/${encodeURIComponent(name)}`),
    },
    audit: {
      /** The newest lines first. */
      list: (page: { limit?: number; before?: number } = {}) => {
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries(page)) query.set(name, String(value));
        return get<AuditLine[]>(`/audit?${query}`);
      },
      verify: () => get<AuditCheck>('/audit/verification'),
    },
  };
}

const nameOf = (user: User) => user.userPrincipalName.normalize('NFC').toLowerCase();

/** All pages of a list. */
async function pages<T>(
  get: <R>(path: string) => Promise<R>,
  path: string,
  after: (last: T) => string,
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const last = all.at(-1);
    const from = last === undefined ? '' : `&after=${encodeURIComponent(after(last))}`;
    const page = await get<T[]>(`${path}${path.includes('?') ? '&' : '?'}limit=${PAGE}${from}`);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
