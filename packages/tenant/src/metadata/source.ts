/** Where a BLOB comes from, a file or a URL, and whose signature it must bear. */
import { X509Certificate } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import type { MetadataConfig } from '../config/schema.ts';
import { TenantError } from '../errors.ts';
import { type BlobTrust, fidoTrust, LARGEST_BLOB } from './blob.ts';

const TIMEOUT_MS = 60_000;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The BLOB as it is offered now.
 *
 * @param inside a path of the configuration, made absolute
 * @throws TenantError `metadata-unreachable`
 */
export async function fetchBlob(config: MetadataConfig, inside: (path: string) => string): Promise<string> {
  try {
    if ('file' in config) return await readBounded(createReadStream(inside(config.file)));
    const response = await fetch(config.url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok || response.body === null) throw new Error(`HTTP status ${response.status}`);
    return await readBounded(response.body);
  } catch (cause) {
    throw new TenantError(
      'metadata-unreachable',
      `The metadata BLOB cannot be read from ${'file' in config ? config.file : config.url}: ${reasonOf(cause)}. Check metadata in config.json and the way there.`,
      { cause: String(cause) },
    );
  }
}

/** Whose BLOB it must be. @throws TenantError `config-invalid` */
export function trustOf(config: MetadataConfig, inside: (path: string) => string): BlobTrust {
  if (config.root === undefined) return fidoTrust();
  try {
    const roots = (readFileSync(inside(config.root), 'utf8').match(PEM) ?? []).map(
      (pem) => new X509Certificate(pem),
    );
    if (roots.length === 0) throw new Error('no certificate in it');
    return { roots };
  } catch (cause) {
    throw new TenantError(
      'config-invalid',
      `metadata.root: ${config.root} is not a PEM file of certificates (${reasonOf(cause)}). Correct it in config.json, then start again.`,
      { cause: String(cause) },
    );
  }
}

/** What stood in the way, in a few words; `fetch` has the reason in the cause of its own error. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'for no known reason';
  const inner: Error & { code?: unknown } = cause.cause instanceof Error ? cause.cause : cause;
  if (cause.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} seconds`;
  return WORDS.get(String(inner.code)) ?? (inner.message || String(inner.code));
}

const STRANGE_AUTHORITY =
  'the certificate there is of an authority that is not known here (NODE_EXTRA_CA_CERTS=ca.pem, or NODE_USE_SYSTEM_CA=1, in the environment of `kennel serve` makes it known)';

const WORDS: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'the tenant may not read it'],
  ['EISDIR', 'it is a folder'],
  ['ENOTFOUND', 'no such host is known'],
  ['EAI_AGAIN', 'the name of the host cannot be looked up now'],
  ['ECONNREFUSED', 'nothing listens there'],
  ['ECONNRESET', 'the connection was cut'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', STRANGE_AUTHORITY],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', STRANGE_AUTHORITY],
  ['SELF_SIGNED_CERT_IN_CHAIN', STRANGE_AUTHORITY],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', STRANGE_AUTHORITY],
  ['CERT_HAS_EXPIRED', 'the certificate there has expired'],
]);

async function readBounded(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > LARGEST_BLOB) throw new Error(`larger than ${LARGEST_BLOB} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('latin1');
}
