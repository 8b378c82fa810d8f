/** NTLMv2: the answer to a challenge and the keys that come of it ([MS-NLMP] 3.3.2, 3.4.5.1). */
import { createHmac } from 'node:crypto';
import { ntHash } from '@kennel/kerberos';

export const hmacMd5 = (key: Uint8Array, ...parts: Uint8Array[]): Buffer => {
  const mac = createHmac('md5', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
};

const utf16 = (text: string) => Buffer.from(text, 'utf16le');

/** NTOWFv2: what stands for the password of this account of this domain, 16 bytes. */
export const ntowfv2 = (password: string, user: string, domain: string): Buffer =>
  hmacMd5(ntHash(password), utf16(user.toUpperCase() + domain));

export interface Ntlmv2Challenge {
  /** 8 bytes each. */
  serverChallenge: Uint8Array;
  clientChallenge: Uint8Array;
  /** FILETIME, 8 bytes. */
  time: Uint8Array;
  /** AV_PAIRs as they go back to the server. */
  targetInfo: Uint8Array;
}

export interface Ntlmv2Response {
  lm: Buffer;
  nt: Buffer;
  /** The first 16 bytes of `nt`. */
  proof: Buffer;
  sessionBaseKey: Buffer;
}

/** @param key NTOWFv2 */
export function ntlmv2Response(key: Uint8Array, given: Ntlmv2Challenge): Ntlmv2Response {
  const { serverChallenge, clientChallenge, time, targetInfo } = given;
  const versions = Buffer.from([1, 1, 0, 0, 0, 0, 0, 0]);
  const blob = Buffer.concat([
    ...[versions, time, clientChallenge, Buffer.alloc(4)],
    ...[targetInfo, Buffer.alloc(4)],
  ]);
  const proof = hmacMd5(key, serverChallenge, blob);
  return {
    lm: Buffer.concat([hmacMd5(key, serverChallenge, clientChallenge), clientChallenge]),
    nt: Buffer.concat([proof, blob]),
    proof,
    sessionBaseKey: hmacMd5(key, proof),
  };
}
