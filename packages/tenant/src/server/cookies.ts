/**
 * Cookies (RFC 6265bis): all of ours are `__Host-`, so that browsers take them from this host alone, over TLS and for
 * every path; scripts cannot read them.
 */

/** The value of one cookie of a request; undefined where it is missing, doubled or not of our alphabet. */
export function readCookie(
  header: string | undefined,
  name: string,
  alphabet = /^[A-Za-z0-9_-]{16,128}$/,
): string | undefined {
  const values = (header ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : [];
  });
  const [value, second] = values;
  return second === undefined && value !== undefined && alphabet.test(value) ? value : undefined;
}

/** A cookie that ends with the browser; Lax, since people come from other sites to sign in. */
export const setCookie = (name: string, value: string): string =>
  `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax`;

export const clearCookie = (name: string): string => `${setCookie(name, '')}; Max-Age=0`;
