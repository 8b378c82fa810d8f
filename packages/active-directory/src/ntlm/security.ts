/**
 * NTLM as the RPC connection's security, only where an administrator asks for it: for a controller that refuses Kerberos
 * there. NTLMv2, sealed and signed with the headers, with a MIC; nothing weaker is agreed to ([MS-RPCE] 2.2.1.1.7,
 * [MS-NLMP] 3.1.5).
 */
import { randomBytes } from 'node:crypto';
import { rc4 } from '../drsuapi/rc4.ts';
import { ActiveDirectoryError } from '../errors.ts';
import { AUTH_TYPE, type RpcSecurity } from '../rpc/security.ts';
import {
  ASKED,
  answeredPairs,
  decodeChallenge,
  encodeAuthenticate,
  encodeNegotiate,
  putMic,
} from './messages.ts';
import { hmacMd5, ntlmv2Response, ntowfv2 } from './response.ts';
import { NtlmDirection, SIGNATURE_LENGTH } from './sealing.ts';

export interface NtlmCredential {
  /** sAMAccountName. */
  user: string;
  /** NetBIOS or DNS name of the account's domain. */
  domain: string;
  password: string;
}

interface Established {
  sessionKey: Buffer;
  out: NtlmDirection;
  in: NtlmDirection;
}

/**
 * Security for one connection.
 * @param random bytes of the client's challenge and of the session key; the system's unless given
 * @throws ActiveDirectoryError by its methods: `ntlm-refused`, `dc-not-trusted`
 */
export function ntlmSecurity(
  { user, domain, password }: NtlmCredential,
  { now, random = randomBytes }: { now: Date; random?: (length: number) => Buffer },
): RpcSecurity {
  const negotiate = encodeNegotiate();
  let context: Established | undefined;
  const established = (): Established => {
    if (context) return context;
    throw new ActiveDirectoryError('ntlm-refused', 'The domain controller sent no NTLM challenge.');
  };
  return {
    authType: AUTH_TYPE.NTLM,
    signatureLength: SIGNATURE_LENGTH,
    lastIsUnanswered: true,
    first: () => negotiate,
    next(message) {
      const challenge = decodeChallenge(message);
      const { targetInfo, time } = answeredPairs(challenge, now);
      const response = ntlmv2Response(ntowfv2(password, user, domain), {
        ...{ serverChallenge: challenge.serverChallenge, clientChallenge: random(8), time, targetInfo },
      });
      const sessionKey = random(16);
      const authenticate = encodeAuthenticate({
        ...{ domain, user, nt: response.nt, flags: (challenge.flags & ASKED) >>> 0 },
        lm: Buffer.alloc(24), // where a time is told, nothing hangs on it (3.1.5.1.2)
        encryptedSessionKey: rc4(response.sessionBaseKey, sessionKey),
      });
      putMic(authenticate, hmacMd5(sessionKey, negotiate, message, authenticate));
      context = {
        sessionKey,
        out: new NtlmDirection(sessionKey, 'client-to-server'),
        in: new NtlmDirection(sessionKey, 'server-to-client'),
      };
      return authenticate;
    },
    seal: ({ header, body, trailer }) => established().out.seal(body, header, trailer),
    open({ header, body, trailer }, signature) {
      const clear = established().in.open(body, signature, header, trailer);
      if (clear) return clear;
      throw new ActiveDirectoryError(
        'dc-not-trusted',
        "The domain controller's answer was changed on the way; someone may stand in between.",
      );
    },
    get sessionKey() {
      return established().sessionKey;
    },
  };
}
