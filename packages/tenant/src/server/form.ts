/** Forms (application/x-www-form-urlencoded), percent-encoded or not, each field once. */
import { TenantError } from '../errors.ts';

const FIELDS_AT_MOST = 32;

/** @throws TenantError `request-malformed` */
export function parseForm(body: Buffer): Record<string, string> {
  const fields: Record<string, string> = Object.create(null); // no inherited names
  let count = 0;
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (++count > FIELDS_AT_MOST || Object.hasOwn(fields, name)) {
      throw new TenantError('request-malformed', 'The form has a field twice, or too many fields.', {
        count,
      });
    }
    fields[name] = value;
  }
  return fields;
}
