/**
 * An administrator's LDAP filter (RFC 4515). ldapts takes each escaped byte for a character, so that what is escaped
 * above 7f would come out as something else: such bytes are made the characters that they are before it reads them.
 */
import { FilterParser } from 'ldapts';
import { ActiveDirectoryError } from '../errors.ts';
import { escapeFilter } from '../ldap/search.ts';

const ESCAPES = /(?:\\[0-9a-fA-F]{2})+/g;
const LAST_OF_ASCII = 0x7f;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The same filter, as ldapts reads it rightly. @throws ActiveDirectoryError `filter-malformed` */
export function readableFilter(filter: string): string {
  const text = filter.replace(ESCAPES, (run) => {
    const bytes = Buffer.from(run.replaceAll('\\', ''), 'hex');
    return bytes.some((byte) => byte > LAST_OF_ASCII) ? escapeFilter(decoded(bytes, filter)) : run;
  });
  try {
    FilterParser.parseString(text);
  } catch (error) {
    throw malformed(filter, error instanceof Error ? error.message : String(error));
  }
  return text;
}

function decoded(bytes: Buffer, filter: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed(
      filter,
      'it has bytes that are no text (UTF-8); name what is meant by another attribute, such as distinguishedName',
    );
  }
}

const malformed = (filter: string, why: string) =>
  new ActiveDirectoryError('filter-malformed', `${filter} is no LDAP filter that can be used here: ${why}.`);
