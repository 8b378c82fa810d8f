/** Fault codes in words (C706 appendix E; [MS-RPCE] 2.2.2.5; Win32 codes of [MS-ERREF] 2.2). */
import { ActiveDirectoryError } from '../errors.ts';

const FAULT: Readonly<Record<number, string>> = {
  1717: 'it does not know the interface',
  1723: 'it is too busy; try again in a moment',
  1783: 'it cannot read the call',
  1825: 'its security mechanism failed; check that the clocks agree',
  469762074: 'it has forgotten the connection; try again',
  469827586: 'it does not know the call',
  469827587: 'it does not know the interface',
  469827595: 'it takes the call for malformed',
  469827604: 'it is too busy; try again in a moment',
};
const ACCESS_DENIED = 5;
/** With these a server refuses the first call after a sign-in that it did not accept: RPC_S_SEC_PKG_ERROR, nca_proto_error. */
const NOT_SIGNED_IN: readonly number[] = [1825, 469827595];

/** The error for a fault's status. @param afterSignIn whether it answers the first call after an unanswered sign-in */
export function faultError(status: number, afterSignIn = false): ActiveDirectoryError {
  if (afterSignIn && NOT_SIGNED_IN.includes(status))
    return new ActiveDirectoryError(
      'ntlm-refused',
      'The domain controller does not accept the sign-in with NTLM. Check the credential, or leave --ntlm out: Kerberos is used.',
      { status },
    );
  if (status === ACCESS_DENIED)
    return new ActiveDirectoryError(
      'access-denied',
      'The domain controller denies access. Use the credential of a Domain Admin, and check that the clocks agree.',
      { status },
    );
  const why = FAULT[status] ?? `status 0x${status.toString(16).padStart(8, '0')}`;
  return new ActiveDirectoryError('rpc-fault', `The domain controller did not carry out the call: ${why}.`, {
    status,
  });
}
