/** Requests to the small realm: MIT's as they were recorded, and ours with a partial TGT. */
import { readFileSync } from 'node:fs';
import { Key, krbtgt, mintPartialTgt, openAsRep, requestTicket } from '@kennel/kerberos';
import { DOMAIN_SID, KEYS, RODC_KVNO } from './small-realm.ts';

export interface Recorded {
  time: Date;
  message: Buffer;
}

const file: Record<string, { time: string; hex: string }> = JSON.parse(
  readFileSync(new URL('../vectors/mit/requests.json', import.meta.url), 'utf8'),
);

/** Whom a tenant mints for. */
export const ALICE = {
  sid: `${DOMAIN_SID}-1104`,
  samAccountName: 'alice',
  upn: 'alice@corp.example.com',
  dnsDomainName: 'corp.example.com',
  netbiosDomainName: 'CORP',
};

/** @param name withoutPreauth, asReq or tgsReq */
export function mitRequest(name: string): Recorded {
  const found = file[name];
  if (!found) throw new Error(`no recorded request ${name}`);
  return { time: new Date(found.time), message: Buffer.from(found.hex, 'hex') };
}

/** The TGS-REQ of our own client, with a partial TGT and a key list request. */
export async function ourTgsRequest(time = new Date()): Promise<Recorded> {
  const realm = 'CORP.EXAMPLE.COM';
  const minted = mintPartialTgt({ realm, key: KEYS.rodc, kvno: RODC_KVNO, user: ALICE, now: time });
  const tgt = openAsRep(minted.messageBuffer, new Key(minted.keyType, minted.clientKey));
  let sent = Buffer.alloc(0);
  const transport = async (message: Uint8Array) => {
    sent = Buffer.from(message);
    throw new Error('not sent');
  };
  await requestTicket({ tgt, sname: krbtgt(realm), realm, transport, keyList: [23], now: () => time }).catch(
    () => undefined,
  );
  return { time, message: sent };
}
