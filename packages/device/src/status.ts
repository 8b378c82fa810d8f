/** How it stands with this device: whose it is, who is signed in, and how the last sign-in went. */
import { X509Certificate } from 'node:crypto';
import { thumbprintOf } from './join/certificate.ts';
import { findMembership, type MembershipFiles, membershipFiles } from './join/membership.ts';
import type { KeyProvider } from './keys/device-keys.ts';
import { providerOf } from './keys/store.ts';
import { findCache, listCaches, type OfflineCache } from './offline/cache.ts';
import { type OfflineState, offlineState } from './offline/state.ts';
import { type Attempt, readAttempt } from './state/attempt.ts';
import { bootKeyPlace, isLocked } from './state/boot-key.ts';
import { certificateOf, findDevice } from './state/device.ts';
import { findPending } from './state/pending.ts';
import { listUsers, type UserRecord } from './state/user.ts';
import { type TicketState, ticketStateNow } from './tickets/state.ts';

export interface UserStatus {
  upn: string;
  name: string;
  objectId: string;
  /** The Primary Refresh Token; times by the tenant's clock. */
  prt: { issuedOn: Date; expiresOn: Date; authority: string; valid: boolean };
  /** Signed in before the machine was restarted: the token is there and cannot be opened. */
  locked: boolean;
  /** `full` only while the ticket is in its cache and not over. */
  ticket: TicketState;
  /** Whether a partial TGT waits for a domain controller. */
  partialTgt: { realm: string; endTime: Date } | undefined;
  /** The names that tickets are good for, as the tenant gave them. */
  topLevelNames: string | undefined;
  offline: OfflineState;
}

/** The on-premises domain whose computer this machine is. */
export interface DomainStatus {
  dnsName: string;
  /** Undefined where nothing on this machine says it. */
  netbiosName: string | undefined;
}

export type DeviceStatus =
  | {
      joined: false;
      domain: DomainStatus | undefined;
      /** A hybrid join that has begun: what comes next is the sync of the domain. */
      pending: { deviceId: string; tenantId: string; begunOn: Date } | undefined;
    }
  | {
      joined: true;
      domain: DomainStatus | undefined;
      tenant: {
        url: string;
        id: string;
        name: string;
        rpId: string;
        tokenEndpoint: string;
        registrationEndpoint: string;
      };
      device: {
        id: string;
        displayName: string;
        /** 0 join, 4 register, 6 hybrid join, 8 shared join. */
        joinType: number;
        joinedBy: string;
        joinedOn: Date;
        certificate: { thumbprint: string; notBefore: Date; notAfter: Date };
        /** Where its keys lie. */
        keyProvider: KeyProvider;
      };
      /** The last one to sign in first. */
      users: UserStatus[];
      /** Who can be signed in without the tenant, signed in or not; by this machine's clock. */
      offline: { upn: string; goodUntil: Date; good: boolean }[];
      /** Whether the secrets of who is signed in lie under a key in memory; else a file on the disk has it. */
      signInKeysInMemory: boolean;
      lastAttempt: Attempt | undefined;
    };

/**
 * Reads the state; asks nobody.
 *
 * @param now this machine's clock
 * @param files where a membership of a domain is looked for
 * @throws DeviceError `state-damaged`, `state-newer`, `state-unwritable`
 */
export function readStatus(
  stateDir: string,
  now: () => Date = () => new Date(),
  files: MembershipFiles = membershipFiles(),
): DeviceStatus {
  const record = findDevice(stateDir);
  const membership = findMembership(files);
  const member = membership && {
    dnsName: membership.realm.toLowerCase(),
    netbiosName: membership.netbiosName,
  };
  if (record === undefined) return { joined: false, domain: member, pending: pendingStatus(stateDir) };
  const { caFile: _, ...tenant } = record.tenant;
  const { certificate: _der, joinedOn, domain, ...device } = record.device;
  const der = certificateOf(record);
  const { validFromDate: notBefore, validToDate: notAfter } = new X509Certificate(der);
  return {
    joined: true,
    domain: domain ?? member,
    tenant,
    device: {
      ...device,
      joinedOn: new Date(joinedOn),
      certificate: { thumbprint: thumbprintOf(der), notBefore, notAfter },
      keyProvider: providerOf(record.keys),
    },
    users: listUsers(stateDir).map((user) =>
      userStatus(
        user,
        isLocked(stateDir, record.device.id, user.prt.token),
        findCache(stateDir, user.user.upn),
        now(),
      ),
    ),
    offline: listCaches(stateDir).map(({ user, goodUntil }) => ({
      upn: user.upn,
      goodUntil: new Date(goodUntil),
      good: Date.parse(goodUntil) > now().getTime(),
    })),
    signInKeysInMemory: bootKeyPlace(stateDir, record.device.id).inMemory,
    lastAttempt: readAttempt(stateDir),
  };
}

function pendingStatus(stateDir: string) {
  const found = findPending(stateDir);
  if (found === undefined) return undefined;
  const { deviceId, tenantId, begunOn } = found;
  return { deviceId, tenantId, begunOn: new Date(begunOn) };
}

function userStatus(
  record: UserRecord,
  locked: boolean,
  cache: OfflineCache | undefined,
  now: Date,
): UserStatus {
  const { user, prt, partialTgt, tenantTimeOffset } = record;
  const expiresOn = new Date(prt.expiresOn);
  return {
    ...user,
    prt: {
      issuedOn: new Date(prt.issuedOn),
      expiresOn,
      authority: prt.authority,
      valid: !locked && expiresOn.getTime() > now.getTime() + tenantTimeOffset,
    },
    locked,
    ticket: ticketStateNow(record, now),
    partialTgt: partialTgt && { realm: partialTgt.realm, endTime: new Date(partialTgt.endTime) },
    topLevelNames: record.topLevelNames,
    offline: offlineState(record, cache, now),
  };
}

/** Where this device's tenant is, and the file of its own authority; undefined where it is not joined. */
export function tenantOfDevice(stateDir: string): { url: string; caFile: string | undefined } | undefined {
  const record = findDevice(stateDir);
  return record && { url: record.tenant.url, caFile: record.tenant.caFile };
}
