/** A krb5.conf in a folder, for clients that are given KRB5_CONFIG. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Krb5ConfOptions, krb5Conf } from '@kennel/device';

/** Writes `krb5.conf` into a directory. @returns the path */
export function writeKrb5Conf({ dir, ...options }: Krb5ConfOptions & { dir: string }): string {
  const path = join(dir, 'krb5.conf');
  writeFileSync(path, krb5Conf(options));
  return path;
}
