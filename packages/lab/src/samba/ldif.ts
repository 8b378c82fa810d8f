/** LDIF (RFC 2849), as Samba's ldb tools read and print it. */

/** An entry: its distinguished name and its attributes, by the names that the directory prints. */
export interface Entry {
  dn: string;
  attributes: Readonly<Record<string, readonly string[]>>;
}

const line = (name: string, value: string) => `${name}:: ${Buffer.from(value).toString('base64')}\n`;

/** An entry as LDIF, every value in base64. A Uint8Array is written as it is, a string as UTF-8. */
export function writeEntry(
  dn: string,
  attributes: Readonly<Record<string, string | Uint8Array | readonly string[]>>,
): string {
  const lines = Object.entries(attributes).flatMap(([name, value]) => {
    if (value instanceof Uint8Array) return `${name}:: ${Buffer.from(value).toString('base64')}\n`;
    return (typeof value === 'string' ? [value] : value).map((item) => line(name, item));
  });
  return `${line('dn', dn)}${lines.join('')}\n`;
}

/** A change of one attribute as LDIF. */
export function writeChange(
  dn: string,
  operation: 'add' | 'replace' | 'delete',
  attribute: string,
  values: readonly string[],
): string {
  const lines = values.map((value) => line(attribute, value)).join('');
  return `${line('dn', dn)}changetype: modify\n${operation}: ${attribute}\n${lines}-\n\n`;
}

/** Reads what ldbsearch prints; values in base64 are read as UTF-8, referrals and comments are left out. */
export function parseEntries(text: string): Entry[] {
  const unfolded = text.replaceAll('\r', '').replaceAll('\n ', '');
  return unfolded.split(/\n\n+/).flatMap((block) => {
    const attributes: Record<string, string[]> = {};
    for (const [, name = '', encoded, value = ''] of block.matchAll(/^([A-Za-z][\w;.-]*):(:?) ?(.*)$/gm)) {
      attributes[name] ??= [];
      attributes[name].push(encoded ? Buffer.from(value, 'base64').toString() : value);
    }
    const { dn, ...others } = attributes;
    return dn?.[0] === undefined ? [] : [{ dn: dn[0], attributes: others }];
  });
}
