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
      `The metadata BLOB cannot be read from ${'file' in config ? config.file : config.url}. Check metadata in config.json; the last good one is used on.`,
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
      `metadata.root: ${config.root} is not a PEM file of certificates. Correct it in config.json, then start again.`,
      { cause: String(cause) },
    );
  }
}

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
