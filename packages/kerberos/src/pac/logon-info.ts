/** KERB_VALIDATION_INFO, the PAC's buffer of type 1 ([MS-PAC] section 2.5). */
import type { NdrReader } from '../ndr/reader.ts';
import { NdrWriter } from '../ndr/writer.ts';
import {
  type GroupMembership,
  type RpcString,
  readGroups,
  readRpcSid,
  readRpcString,
  writeGroups,
  writeRpcSid,
  writeRpcString,
} from './rpc-types.ts';
import { readSerialized, serialized } from './serialized.ts';

export interface ExtraSid {
  sid: string;
  attributes: number;
}

/** Times are FILETIMEs; the SIDs are text. */
export interface LogonInfo {
  logonTime: bigint;
  logoffTime: bigint;
  kickOffTime: bigint;
  passwordLastSet: bigint;
  passwordCanChange: bigint;
  passwordMustChange: bigint;
  effectiveName: RpcString;
  fullName: RpcString;
  logonScript: RpcString;
  profilePath: RpcString;
  homeDirectory: RpcString;
  homeDirectoryDrive: RpcString;
  logonCount: number;
  badPasswordCount: number;
  userId: number;
  primaryGroupId: number;
  groups: GroupMembership[];
  userFlags: number;
  userSessionKey: Uint8Array;
  logonServer: RpcString;
  logonDomainName: RpcString;
  logonDomainId: string;
  userAccountControl: number;
  subAuthStatus: number;
  lastSuccessfulLogon: bigint;
  lastFailedLogon: bigint;
  failedLogonCount: number;
  extraSids: ExtraSid[];
  resourceGroupDomainSid?: string;
  resourceGroups: GroupMembership[];
}

/** UserFlags: the extra SIDs are there; so are the resource groups. */
export const USER_FLAG = { EXTRA_SIDS: 0x20, RESOURCE_GROUPS: 0x200 } as const;

const TIMES = [
  'logonTime',
  'logoffTime',
  'kickOffTime',
  'passwordLastSet',
  'passwordCanChange',
  'passwordMustChange',
] as const;
const NAMES = [
  'effectiveName',
  'fullName',
  'logonScript',
  'profilePath',
  'homeDirectory',
  'homeDirectoryDrive',
] as const;

export function encodeLogonInfo(info: LogonInfo): Buffer {
  const out = new NdrWriter();
  out.pointer(info, () => {
    for (const field of TIMES) out.fileTime(info[field]);
    for (const field of NAMES) writeRpcString(out, info[field]);
    out.u16(info.logonCount);
    out.u16(info.badPasswordCount);
    out.u32(info.userId);
    out.u32(info.primaryGroupId);
    out.u32(info.groups.length);
    out.pointer(info.groups.length > 0 ? info.groups : undefined, (groups) => writeGroups(out, groups));
    out.u32(info.userFlags);
    out.bytes(info.userSessionKey);
    writeRpcString(out, info.logonServer);
    writeRpcString(out, info.logonDomainName);
    out.pointer(info.logonDomainId, (sid) => writeRpcSid(out, sid));
    out.u32(0);
    out.u32(0);
    out.u32(info.userAccountControl);
    out.u32(info.subAuthStatus);
    out.fileTime(info.lastSuccessfulLogon);
    out.fileTime(info.lastFailedLogon);
    out.u32(info.failedLogonCount);
    out.u32(0);
    out.u32(info.extraSids.length);
    out.pointer(info.extraSids.length > 0 ? info.extraSids : undefined, (sids) => {
      out.u32(sids.length);
      for (const { sid, attributes } of sids) {
        out.pointer(sid, (text) => writeRpcSid(out, text));
        out.u32(attributes);
      }
    });
    out.pointer(info.resourceGroupDomainSid, (sid) => writeRpcSid(out, sid));
    out.u32(info.resourceGroups.length);
    out.pointer(info.resourceGroups.length > 0 ? info.resourceGroups : undefined, (groups) =>
      writeGroups(out, groups),
    );
  });
  return serialized(out);
}

/** @throws KerberosError `pac-malformed`, `sid-malformed` */
export function decodeLogonInfo(bytes: Uint8Array): LogonInfo {
  const input = readSerialized(bytes);
  input.pointer();
  const times = TIMES.map(() => input.fileTime());
  const names = NAMES.map(() => readRpcString(input));
  const logonCount = input.u16();
  const badPasswordCount = input.u16();
  const userId = input.u32();
  const primaryGroupId = input.u32();
  input.u32();
  const hasGroups = input.pointer();
  const userFlags = input.u32();
  const userSessionKey = input.bytes(16);
  const logonServer = readRpcString(input);
  const logonDomainName = readRpcString(input);
  const hasDomainId = input.pointer();
  input.bytes(8);
  const userAccountControl = input.u32();
  const subAuthStatus = input.u32();
  const lastSuccessfulLogon = input.fileTime();
  const lastFailedLogon = input.fileTime();
  const failedLogonCount = input.u32();
  input.u32();
  input.u32();
  const hasExtraSids = input.pointer();
  const hasResourceDomain = input.pointer();
  input.u32();
  const hasResourceGroups = input.pointer();

  // The pointers' targets follow in the order of the pointers.
  const [effectiveName, fullName, logonScript, profilePath, homeDirectory, homeDirectoryDrive] = names.map(
    (read) => read(),
  ) as [
    RpcString,
    RpcString,
    RpcString,
    RpcString,
    RpcString,
    RpcString, // NAMES has six members
  ];
  const [logonTime, logoffTime, kickOffTime, passwordLastSet, passwordCanChange, passwordMustChange] =
    times as [bigint, bigint, bigint, bigint, bigint, bigint]; // TIMES has six
  const groups = hasGroups ? readGroups(input) : [];
  const server = logonServer();
  const domainName = logonDomainName();
  const logonDomainId = hasDomainId ? readRpcSid(input) : 'S-1-0-0';
  const extraSids = hasExtraSids ? readExtraSids(input) : [];
  const resourceGroupDomainSid = hasResourceDomain ? readRpcSid(input) : undefined;
  const resourceGroups = hasResourceGroups ? readGroups(input) : [];
  return {
    logonTime,
    logoffTime,
    kickOffTime,
    passwordLastSet,
    passwordCanChange,
    passwordMustChange,
    effectiveName,
    fullName,
    logonScript,
    profilePath,
    homeDirectory,
    homeDirectoryDrive,
    logonCount,
    badPasswordCount,
    userId,
    primaryGroupId,
    groups,
    userFlags,
    userSessionKey,
    logonServer: server,
    logonDomainName: domainName,
    logonDomainId,
    userAccountControl,
    subAuthStatus,
    lastSuccessfulLogon,
    lastFailedLogon,
    failedLogonCount,
    extraSids,
    ...(resourceGroupDomainSid === undefined ? {} : { resourceGroupDomainSid }),
    resourceGroups,
  };
}

function readExtraSids(input: NdrReader): ExtraSid[] {
  const count = input.count(8);
  const attributes = Array.from({ length: count }, () => {
    input.pointer();
    return input.u32();
  });
  return attributes.map((value) => ({ sid: readRpcSid(input), attributes: value }));
}
