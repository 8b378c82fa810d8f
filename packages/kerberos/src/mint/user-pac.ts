/** The PAC buffers that say who a user is: 1, 10, 12, 17, 18 ([MS-PAC] section 2); signatures come on top. */
import { PAC_BUFFER } from '../iana/pac-buffers.ts';
import { NEVER, toFileTime } from '../pac/filetime.ts';
import {
  encodeAttributesInfo,
  encodeClientInfo,
  encodeRequestor,
  encodeUpnDnsInfo,
} from '../pac/info-buffers.ts';
import { type ExtraSid, encodeLogonInfo, USER_FLAG } from '../pac/logon-info.ts';
import type { PacBuffer } from '../pac/pac.ts';
import { rpc, SE_GROUP_DEFAULT } from '../pac/rpc-types.ts';
import { splitSid } from '../pac/sid.ts';

/** A user as AD knows them. */
export interface TicketUser {
  /** `S-1-5-21-...-RID`, of the domain that the ticket is for. */
  sid: string;
  samAccountName: string;
  netbiosDomainName: string;
  /** Lower or upper case; written as given. */
  dnsDomainName: string;
  upn: string;
}

export interface UserPacOptions {
  /** The ticket's authtime: the logon time and the client info bear the same. */
  authtime: Date;
  /** RIDs of the groups in the user's own domain. */
  groups: readonly number[];
  primaryGroup: number;
  extraSids?: readonly ExtraSid[];
  logonServer?: string;
  fullName?: string;
  passwordLastSet?: Date;
  /** ACB flags ([MS-SAMR] 2.2.1.12): 0x10 is a normal account. */
  userAccountControl?: number;
}

const NORMAL_ACCOUNT = 0x10;

export function userPac(user: TicketUser, options: UserPacOptions): PacBuffer[] {
  const { domainSid, rid } = splitSid(user.sid);
  const extraSids = [...(options.extraSids ?? [])];
  const logonInfo = encodeLogonInfo({
    logonTime: toFileTime(options.authtime),
    logoffTime: NEVER,
    kickOffTime: NEVER,
    passwordLastSet: options.passwordLastSet ? toFileTime(options.passwordLastSet) : 0n,
    passwordCanChange: 0n,
    passwordMustChange: NEVER,
    effectiveName: rpc(user.samAccountName),
    fullName: rpc(options.fullName ?? ''),
    logonScript: rpc(''),
    profilePath: rpc(''),
    homeDirectory: rpc(''),
    homeDirectoryDrive: rpc(''),
    logonCount: 0,
    badPasswordCount: 0,
    userId: rid,
    primaryGroupId: options.primaryGroup,
    groups: options.groups.map((group) => ({ rid: group, attributes: SE_GROUP_DEFAULT })),
    userFlags: extraSids.length > 0 ? USER_FLAG.EXTRA_SIDS : 0,
    userSessionKey: new Uint8Array(16),
    logonServer: rpc(options.logonServer ?? ''),
    logonDomainName: rpc(user.netbiosDomainName),
    logonDomainId: domainSid,
    userAccountControl: options.userAccountControl ?? NORMAL_ACCOUNT,
    subAuthStatus: 0,
    lastSuccessfulLogon: 0n,
    lastFailedLogon: 0n,
    failedLogonCount: 0,
    extraSids,
    resourceGroups: [],
  });
  return [
    { type: PAC_BUFFER.LOGON_INFO, data: logonInfo },
    { type: PAC_BUFFER.CLIENT_INFO, data: encodeClientInfo(options.authtime, user.samAccountName) },
    {
      type: PAC_BUFFER.UPN_DNS_INFO,
      data: encodeUpnDnsInfo({
        upn: user.upn,
        dnsDomainName: user.dnsDomainName.toUpperCase(),
        constructed: false,
        samAccountName: user.samAccountName,
        sid: user.sid,
      }),
    },
    { type: PAC_BUFFER.ATTRIBUTES_INFO, data: encodeAttributesInfo() },
    { type: PAC_BUFFER.REQUESTOR, data: encodeRequestor(user.sid) },
  ];
}
