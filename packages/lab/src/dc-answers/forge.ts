/** Partial TGTs with one thing wrong, to see a domain controller refuse them. */
import {
  type Credentials,
  EncTicketPart,
  encodeRequestor,
  encrypted,
  joinKvno,
  KEY_USAGE,
  Key,
  krbtgt,
  NOT_TRANSITED,
  PAC_BUFFER,
  pacAuthorizationData,
  principal,
  signTgtPac,
  splitKvno,
  splitSid,
  TICKET_FLAG,
  type TicketUser,
  userPac,
  wholeSeconds,
} from '@kennel/kerberos';
import type { Forgery } from './cases.ts';

export interface ServerKeys {
  realm: string;
  /** (N << 16 | version) of the current key. */
  kvno: number;
  current: Key;
  previous?: Key;
}

const DOMAIN_USERS = 513;
const TEN_HOURS = 36_000;
const UNUSED_NUMBER = 4242;

/** Credentials as a device would have them after opening the AS-REP. */
export function forgePartialTgt(
  server: ServerKeys,
  user: TicketUser,
  forgery: Forgery = {},
  now = new Date(),
): Credentials {
  const { realm } = server;
  const key = forgery.wrongTicketKey
    ? Key.random()
    : forgery.previousKey
      ? (server.previous ?? server.current)
      : server.current;
  const { number, version } = splitKvno(server.kvno);
  const kvno = joinKvno(
    forgery.unknownNumber ? (number === UNUSED_NUMBER ? UNUSED_NUMBER + 1 : UNUSED_NUMBER) : number,
    forgery.versionZero ? 0 : version + (forgery.versionOffset ?? 0) - (forgery.previousKey ? 1 : 0),
  );
  const authtime = wholeSeconds(now);
  const endtime = new Date(authtime.getTime() + (forgery.lifetimeSeconds ?? TEN_HOURS) * 1000);
  const sessionKey = Key.random();
  const flags = TICKET_FLAG.FORWARDABLE | TICKET_FLAG.INITIAL | TICKET_FLAG.PRE_AUTHENT;
  const cname = principal(user.samAccountName);
  const sname = krbtgt(realm);
  const part = {
    flags,
    key: { keyType: sessionKey.etype, keyValue: sessionKey.value },
    crealm: realm,
    cname,
    transited: NOT_TRANSITED,
    authtime,
    starttime: authtime,
    endtime,
    ...(forgery.noPac
      ? {}
      : {
          authorizationData: pacAuthorizationData(
            forgedPac(key, splitKvno(kvno).number, user, authtime, forgery),
          ),
        }),
  };
  const encPart = encrypted(key, KEY_USAGE.TICKET, EncTicketPart.encode(part), kvno);
  return {
    client: { realm, name: cname },
    server: { realm, name: sname },
    key: sessionKey,
    ticket: { tktVno: 5, realm, sname, encPart },
    flags,
    authtime,
    starttime: authtime,
    endtime,
  };
}

function forgedPac(key: Key, rodcNumber: number, user: TicketUser, authtime: Date, forgery: Forgery): Buffer {
  const buffers = userPac(user, { authtime, groups: [DOMAIN_USERS], primaryGroup: DOMAIN_USERS })
    .filter(({ type }) => !forgery.without?.includes(type))
    .map((buffer) =>
      forgery.foreignRequestor && buffer.type === PAC_BUFFER.REQUESTOR
        ? { ...buffer, data: encodeRequestor(`${splitSid(user.sid).domainSid}-500`) }
        : buffer,
    );
  const server = forgery.breakServerSignature ? Key.random() : key;
  return signTgtPac(buffers, { server, krbtgt: key, rodcNumber });
}
