/**
 * Certificate chains up to given anchors (RFC 5280 section 6.1), with nothing from the network and at a time of the
 * caller's choosing. The anchors are never taken from the chain itself.
 */
import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** The most certificates that a chain may bring along. */
const LONGEST_CHAIN = 6;
/** The most that one certificate may measure, in bytes. */
const LARGEST_CERTIFICATE = 16 * 1024;

export type ChainFault = 'chain-malformed' | 'chain-broken' | 'chain-expired' | 'root-unknown';
/** `path`: the leaf first, the anchor last; only the leaf where it is itself an anchor. */
export type ChainResult = { ok: true; path: X509Certificate[] } | { ok: false; fault: ChainFault };

/**
 * Follows a chain, leaf first and each certificate issued by the next, until one of the anchors issued or is the
 * certificate at hand.
 *
 * @param chain DER
 * @param at every certificate on the path, the anchor too, must be valid then
 */
export function verifyChain(
  chain: readonly Uint8Array[],
  anchors: readonly X509Certificate[],
  at: Date,
): ChainResult {
  const certificates = parseChain(chain);
  if (certificates === undefined) return { ok: false, fault: 'chain-malformed' };
  const path: X509Certificate[] = [];
  for (const [index, certificate] of certificates.entries()) {
    path.push(certificate);
    if (!isValidAt(certificate, at)) return { ok: false, fault: 'chain-expired' };
    if (anchors.some((anchor) => anchor.raw.equals(certificate.raw))) return { ok: true, path };
    const anchor = anchors.find((one) => isIssuedBy(certificate, one) && mayHaveBelow(one, index));
    if (anchor !== undefined) {
      if (!isValidAt(anchor, at)) return { ok: false, fault: 'chain-expired' };
      return { ok: true, path: [...path, anchor] };
    }
    const next = certificates[index + 1];
    if (next === undefined) break;
    if (!next.ca || !isIssuedBy(certificate, next) || !mayHaveBelow(next, index)) {
      return { ok: false, fault: 'chain-broken' };
    }
  }
  return { ok: false, fault: 'root-unknown' };
}

/** Certificates out of DER, which nothing may follow; undefined where one is none or there are too many. */
function parseChain(chain: readonly Uint8Array[]): X509Certificate[] | undefined {
  if (chain.length === 0 || chain.length > LONGEST_CHAIN) return undefined;
  try {
    const parsed = chain.map((der) => {
      const certificate = der.length <= LARGEST_CERTIFICATE ? new X509Certificate(der) : undefined;
      return certificate?.raw.equals(der) === true ? certificate : undefined;
    });
    return parsed.every((certificate) => certificate !== undefined) ? parsed : undefined;
  } catch {
    return undefined; // hostile input: whoever asked says so in the words of the ceremony
  }
}

const isValidAt = (certificate: X509Certificate, at: Date) =>
  certificate.validFromDate <= at && at <= certificate.validToDate;

/** Names, key identifiers and key usage fit, and the signature is by that key. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // a kind of key that cannot be used here
  }
}

/** pathLenConstraint (RFC 5280 section 4.2.1.9): how many intermediates may stand between it and the leaf. */
function mayHaveBelow(ca: X509Certificate, intermediates: number): boolean {
  try {
    const constraints = new x509.X509Certificate(Uint8Array.from(ca.raw)).getExtension(
      x509.BasicConstraintsExtension,
    );
    return (constraints?.pathLength ?? Number.POSITIVE_INFINITY) >= intermediates;
  } catch {
    return false; // one parser reads it and the other does not: not to be relied on
  }
}
