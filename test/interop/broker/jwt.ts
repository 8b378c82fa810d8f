/** An access token as a resource checks it: by the keys that the issuer publishes (RFC 7515, RFC 7517, RFC 7519). */
import { createPublicKey, verify } from 'node:crypto';
import type { Net } from './net.ts';

export async function claimsOf(net: Net, authority: string, token: string, audience: string) {
  const get = async (url: string) => JSON.parse((await net.send('GET', url)).text);
  const { jwks_uri, issuer } = await get(`${authority}/.well-known/openid-configuration`);
  const { keys } = await get(jwks_uri);
  const [head = '', body = '', signature = ''] = token.split('.');
  const { alg, kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
  const jwk = keys.find((key: { kid: string }) => key.kid === kid);
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const good = verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
  if (alg !== 'RS256' || !good) throw new Error(`a token whose signature (${alg}) does not hold`);
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const now = Date.now() / 1000;
  if (claims.iss !== issuer || claims.aud !== audience)
    throw new Error(`from ${claims.iss} for ${claims.aud}`);
  if (claims.exp <= now || claims.nbf > now + 5) throw new Error('a token that is not good now');
  return claims;
}
