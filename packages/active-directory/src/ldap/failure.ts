/** What a directory said to a change, in our words. */
import { ActiveDirectoryError } from '../errors.ts';

export function ldapFailure(error: unknown, verb: 'add' | 'change' | 'delete', dn: string): unknown {
  if (!(error instanceof Error) || error instanceof ActiveDirectoryError) return error;
  const details = { dn, cause: error.message };
  if (error.name === 'InsufficientAccessError')
    return new ActiveDirectoryError(
      'access-denied',
      `You may not ${verb} ${dn}. Give the credential of a Domain Admin.`,
      details,
    );
  return new ActiveDirectoryError(
    'ldap-failed',
    `The domain controller did not ${verb} ${dn} (${error.name}). Run the command again; if it persists, look at the controller's log.`,
    details,
  );
}
