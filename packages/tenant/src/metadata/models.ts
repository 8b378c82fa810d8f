/** The models of security keys that a BLOB describes, by AAGUID: roots, certification and status at a time. */
import { X509Certificate } from 'node:crypto';
import { CERTIFICATION_LEVELS, type CertificationLevel } from './levels.ts';
import type { KeyModelInfo, MetadataEntry, StatusReport } from './schema.ts';

/**
 * AuthenticatorStatus (FIDO MDS section 3.1.4) after which a model is refused. A later report does not lift it: a
 * key's firmware cannot be told from afar.
 */
const REFUSED_STATUS = new Set([
  'REVOKED',
  'USER_VERIFICATION_BYPASS',
  'ATTESTATION_KEY_COMPROMISE',
  'USER_KEY_REMOTE_COMPROMISE',
  'USER_KEY_PHYSICAL_COMPROMISE',
]);
/** An AAGUID of zeros names no model (WebAuthn section 6.5.1). */
export const NO_AAGUID = '00000000-0000-0000-0000-000000000000';
const ICON = /^data:image\/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}$/;
const LARGEST_ICON = 256 * 1024;

export class KeyModel {
  readonly aaGuid: string;
  readonly name: string;
  /** A data URL of an image. */
  readonly icon: string | null;
  readonly attestationTypes: readonly string[];
  readonly transports: readonly string[] | null;
  readonly #reports: readonly StatusReport[];
  readonly #rootsBase64: readonly string[];
  #roots: readonly X509Certificate[] | undefined;

  constructor(aaGuid: string, entry: MetadataEntry) {
    const statement = entry.metadataStatement;
    this.aaGuid = aaGuid;
    this.name = statement?.description ?? aaGuid;
    this.icon = iconOf(statement?.icon);
    this.attestationTypes = statement?.attestationTypes ?? [];
    this.transports = statement?.authenticatorGetInfo?.transports ?? null;
    this.#reports = entry.statusReports;
    this.#rootsBase64 = statement?.attestationRootCertificates ?? [];
  }

  /** The roots of this model's attestation; one that is no certificate is left out. */
  get roots(): readonly X509Certificate[] {
    this.#roots ??= this.#rootsBase64.flatMap((text) => {
      try {
        return [new X509Certificate(Buffer.from(text, 'base64'))];
      } catch {
        return []; // then chains to it are not verified, which is the safe side
      }
    });
    return this.#roots;
  }

  /** The highest level that was certified by that day; null where none was. */
  certificationLevel(at: Date): CertificationLevel | null {
    const levels = this.#reportsAt(at).map(({ status }) => levelOf(status));
    return CERTIFICATION_LEVELS.findLast((level) => levels.includes(level)) ?? null;
  }

  /**
   * Whether the model was revoked or compromised by that day.
   *
   * @param path the certificates of the key at hand, where known: a report may be of those under one certificate
   */
  isRevoked(at: Date, path: readonly X509Certificate[] | undefined): boolean {
    return this.#reportsAt(at).some(({ status, certificate }) => {
      if (!REFUSED_STATUS.has(status)) return false;
      if (certificate === undefined || path === undefined) return true;
      const reported = Buffer.from(certificate, 'base64');
      return path.some(({ raw }) => raw.equals(reported));
    });
  }

  #reportsAt(at: Date): StatusReport[] {
    const day = at.toISOString().slice(0, 10);
    return this.#reports.filter(({ effectiveDate }) => effectiveDate === undefined || effectiveDate <= day);
  }
}

/** FIDO_CERTIFIED is FIDO_CERTIFIED_L1 of earlier days. */
function levelOf(status: string): string | undefined {
  return status === 'FIDO_CERTIFIED' ? 'L1' : /^FIDO_CERTIFIED_(L[123](plus)?)$/.exec(status)?.[1];
}

function iconOf(text: string | undefined): string | null {
  const icon = text?.replaceAll(/\s/g, '');
  return icon !== undefined && icon.length <= LARGEST_ICON && ICON.test(icon) ? icon : null;
}

export function toModelInfo(model: KeyModel, at: Date): KeyModelInfo {
  return {
    aaGuid: model.aaGuid,
    name: model.name,
    certificationLevel: model.certificationLevel(at),
    revoked: model.isRevoked(at, undefined),
    transports: model.transports === null ? null : [...model.transports],
  };
}
