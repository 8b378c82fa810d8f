/** A new key for a krbtgt account: whatever password is written, the controller makes a random key of its own ([MS-SAMR] 3.1.1.8.5). */
import { randomBytes } from 'node:crypto';
import { Attribute, Change } from 'ldapts';
import type { AdDirectory } from '../ldap/directory.ts';
import { ldapFailure } from '../ldap/failure.ts';

/** @throws ActiveDirectoryError `access-denied`, `ldap-failed` */
export async function makeNewKey({ client }: AdDirectory, userDn: string): Promise<void> {
  const password = `"aA1!${randomBytes(24).toString('base64url')}"`; // quotes are part of it ([MS-ADTS] 3.1.1.3.1.5.1)
  const modification = new Attribute({ type: 'unicodePwd', values: [Buffer.from(password, 'utf16le')] });
  await client.modify(userDn, new Change({ operation: 'replace', modification })).catch((error: unknown) => {
    throw ldapFailure(error, 'change', userDn);
  });
}
