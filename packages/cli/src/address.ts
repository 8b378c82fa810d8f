/** `host:port` on the command line; an IPv6 address with a port stands in brackets. */
import { CliError } from './errors.ts';

/** @throws CliError `usage`, naming the option */
export function parseAddress(option: string, value: string): { host: string; port?: number } {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^\s:]+|[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F]*))(?::(\d{1,5}))?$/.exec(value) ?? [];
  const host = bracketed ?? plain;
  if (!host || Number(port ?? 0) > 65_535)
    throw new CliError(
      'usage',
      `${option} takes a host and a port, such as dc1.corp.example.com:88 or [::1]:88; not ${JSON.stringify(value)}.`,
    );
  return { host, ...(port === undefined ? {} : { port: Number(port) }) };
}
