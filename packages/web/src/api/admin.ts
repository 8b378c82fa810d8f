/** The administrators' calls that the pages need, below `/admin/v1`: what the tenant's rules of the same names give. */
import { api } from './client.ts';

const ADMIN = '/admin/v1';
const PAGE = 1000;

export interface User {
  id: string;
  userPrincipalName: string;
  displayName: string;
  enabled: boolean;
  role: 'user' | 'administrator';
}

export interface Key {
  id: string;
  displayName: string;
  aaGuid: string;
  model: string | null;
  attestationLevel: 'attested' | 'notAttested';
  passkeyType: 'deviceBound' | 'synced';
  createdOn: string;
  lastUsedOn: string | null;
}

export interface Pass {
  id: string;
  temporaryAccessPass: string | null;
  startDateTime: string;
  lifetimeInMinutes: number;
  isUsableOnce: boolean;
  isUsable: boolean;
  methodUsabilityReason: string;
}

export interface PassPolicy {
  state: 'enabled' | 'disabled';
  defaultLength: number;
  defaultLifetimeInMinutes: number;
  minimumLifetimeInMinutes: number;
  maximumLifetimeInMinutes: number;
  isUsableOnce: boolean;
}

export interface KeyPolicyRules {
  selfService: boolean;
  attestationEnforced: boolean;
  keyRestrictions: { isEnforced: boolean; enforcementType: 'allow' | 'block'; aaGuids: string[] };
  passkeyTypes: ('deviceBound' | 'synced')[];
  minimumCertificationLevel: string | null;
  transports: string[] | null;
  counterRegression: 'block' | 'log';
  offlineDays: number;
}
export interface KeyPolicy extends KeyPolicyRules {
  group: { id: string; displayName: string } | null;
}

export interface UserGroup {
  id: string;
  displayName: string;
  members: number;
}

export interface Model {
  aaGuid: string;
  name: string;
}

export interface Device {
  id: string;
  displayName: string;
  joinType: number;
  operatingSystem: string;
  osVersion: string;
  enabled: boolean;
  certificateThumbprint: string;
  certificateNotAfter: string;
  /** A user's id, or `computer:<SID>`. */
  registeredBy: string;
  registeredOn: string;
  lastSeenOn: string | null;
}

export interface DevicePolicy {
  join: 'everyone' | 'groups' | 'nobody';
  groups: { id: string; displayName: string }[];
  devicesPerUser: number;
  fidoRequired: boolean;
}

export interface TenantStatus {
  deviceCa: { notAfter: string; state: 'good' | 'ending' | 'ended'; warning: string | null };
}

export interface CeremonyEvent {
  id: string;
  time: string;
  event: number;
  step: string;
  purpose: string;
  traceId: string;
  userPrincipalName: string | null;
  aaGuid: string | null;
  model: string | null;
  origin: string | null;
  reason: string | null;
  clientError: string | null;
  elapsedMs: number | null;
  ctapStatus: number | null;
}

const user = (name: string) => `${ADMIN}/users/${encodeURIComponent(name)}`;
const device = (id: string) => `${ADMIN}/devices/${encodeURIComponent(id)}`;
const policy = ({ group }: Pick<KeyPolicy, 'group'>) =>
  `${ADMIN}/key-policies/${encodeURIComponent(group?.displayName ?? 'default')}`;

export const admin = {
  status: () => api.get<TenantStatus>(`${ADMIN}/status`),
  /** @param notSeenSince ISO 8601 in UTC: those that were neither seen nor joined since then */
  devices: allDevices,
  device: (id: string) => api.get<Device>(device(id)),
  setDeviceEnabled: (id: string, enabled: boolean) => api.patch<Device>(device(id), { enabled }),
  removeDevice: (id: string) => api.delete(device(id)),
  devicePolicy: () => api.get<DevicePolicy>(`${ADMIN}/device-policy`),
  users: allUsers,
  user: (name: string) => api.get<User>(user(name)),
  setEnabled: (name: string, enabled: boolean) => api.patch<User>(user(name), { enabled }),
  signOut: (name: string) => api.delete(`${user(name)}/sign-ins`),
  usersWithKeys: (keys: number) => allUsers(`${ADMIN}/reports/users?keys=${keys}`),
  keys: (name: string) => api.get<Key[]>(`${user(name)}/keys`),
  removeKey: (name: string, id: string) => api.delete(`${user(name)}/keys/${encodeURIComponent(id)}`),
  pass: (name: string) => api.get<Pass>(`${user(name)}/pass`),
  createPass: (name: string, given: { lifetimeInMinutes: number; isUsableOnce: boolean }) =>
    api.post<Pass>(`${user(name)}/pass`, given),
  removePass: (name: string) => api.delete(`${user(name)}/pass`),
  passPolicy: () => api.get<PassPolicy>(`${ADMIN}/pass-policy`),
  changePassPolicy: (changes: Partial<PassPolicy>) => api.patch<PassPolicy>(`${ADMIN}/pass-policy`, changes),
  policies: () => api.get<KeyPolicy[]>(`${ADMIN}/key-policies`),
  changePolicy: (of: Pick<KeyPolicy, 'group'>, changes: Partial<KeyPolicyRules>) =>
    api.patch<KeyPolicy>(policy(of), changes),
  removePolicy: (of: Pick<KeyPolicy, 'group'>) => api.delete(policy(of)),
  orderPolicies: (groups: readonly string[]) => api.put<KeyPolicy[]>(`${ADMIN}/key-policies`, { groups }),
  groups: () => api.get<UserGroup[]>(`${ADMIN}/groups`),
  models: () => api.get<Model[]>(`${ADMIN}/metadata/models`),
  events: (query: Record<string, string>) =>
    api.get<CeremonyEvent[]>(`${ADMIN}/ceremonies?${new URLSearchParams({ limit: '200', ...query })}`),
};

function allUsers(path = `${ADMIN}/users?`): Promise<User[]> {
  return allPages<User>(path, (last) => last.userPrincipalName.normalize('NFC').toLowerCase());
}

function allDevices(notSeenSince?: string): Promise<Device[]> {
  const query = notSeenSince === undefined ? '' : `notSeenSince=${encodeURIComponent(notSeenSince)}`;
  return allPages<Device>(`${ADMIN}/devices?${query}`, (last) => last.id);
}

async function allPages<T>(path: string, keyOf: (last: T) => string): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last === undefined ? '' : keyOf(last);
    const page = await api.get<T[]>(`${path}&limit=${PAGE}&after=${encodeURIComponent(after)}`);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}
