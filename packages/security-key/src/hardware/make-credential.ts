/** authenticatorMakeCredential (CTAP 2.1, section 6.1) through `fido2-cred -M`. */
import { X509Certificate } from 'node:crypto';
import { type CborMap, cborMap, encodeCbor } from '../cbor.ts';
import { SecurityKeyError } from '../error.ts';
import { ALGORITHM } from '../registry.ts';
import type { KeyInfo, MakeCredentialRequest, NewCredential } from '../security-key.ts';
import { ALGORITHM_NAMES } from './info.ts';
import { base64, fromBase64, inputLine, readAuthenticatorData, typedPin, unreadable } from './lines.ts';
import { runTool, type ToolContext } from './tool.ts';

const TOOL = 'fido2-cred';

/** Throws SecurityKeyError: `unsupported-algorithm`, `unsupported-option`, and those of runTool. */
export async function makeCredential(
  path: string,
  info: KeyInfo,
  request: MakeCredentialRequest,
  context: ToolContext,
): Promise<NewCredential> {
  const [name, algorithm] = chooseAlgorithm(info, request.algorithms);
  const { stdout } = await runTool(
    {
      tool: TOOL,
      arguments: [
        '-M',
        ...(request.residentKey ? ['-r'] : []),
        ...(request.hmacSecret ? ['-h'] : []),
        // A key of CTAP 2.0 refuses "uv" in the try without a PIN that the tool makes first; the PIN sets UV there.
        ...(info.options.pinUvAuthToken || info.options.uv ? ['-v'] : []),
        path,
        name,
      ],
      input: [
        base64(request.clientDataHash),
        inputLine(request.rpId, 'RP ID'),
        inputLine(request.userName, 'user name'),
        base64(request.userHandle),
      ],
      pins: { PIN: typedPin(request.pin) },
      touch: true,
    },
    context,
  );
  return readCredential(stdout, request, algorithm);
}

/** The first algorithm that the site, the tool and the key know. The tool asks a key for one alone. */
function chooseAlgorithm(info: KeyInfo, wanted: readonly number[]): readonly [string, number] {
  const known = new Map([...ALGORITHM_NAMES].map(([name, number]) => [number, name]));
  for (const number of wanted) {
    const name = known.get(number);
    const spoken =
      info.algorithms.length === 0 ? number === ALGORITHM.ES256 : info.algorithms.includes(number);
    if (name !== undefined && spoken) return [name, number];
  }
  throw new SecurityKeyError(
    'unsupported-algorithm',
    'The key knows none of the algorithms that the site accepts; take another key.',
    { wanted: [...wanted], key: [...info.algorithms] },
  );
}

/** Lines: client data hash, RP ID, format, authenticator data, credential id, signature, certificate if any. */
export function readCredential(
  stdout: string,
  request: Pick<MakeCredentialRequest, 'clientDataHash' | 'rpId'>,
  algorithm: number,
): NewCredential {
  const [hash, rpId, format = '', authData, id, signature, certificate] = stdout.split('\n');
  if (hash !== base64(request.clientDataHash) || rpId !== request.rpId) throw unreadable(TOOL, 'credential');
  const data = readAuthenticatorData(authData, TOOL, request.rpId);
  const credentialId = fromBase64(id, TOOL, 'credential id');
  if (data.credentialId === undefined || Buffer.compare(data.credentialId, credentialId) !== 0) {
    throw unreadable(TOOL, 'credential id');
  }
  const attStmt = attestation(format, signature, certificate, algorithm);
  const attestationObject = encodeCbor(
    cborMap([
      ['fmt', format],
      ['attStmt', attStmt],
      ['authData', data.bytes],
    ]),
  );
  return { credentialId, attestationObject, hmacSecret: data.extensions?.boolean('hmac-secret') === true };
}

/**
 * The attestation statement (WebAuthn level 2, section 8) put together anew. The tool prints one certificate, so a
 * chain's intermediate ones are lost (the metadata service has them), and no algorithm: it is that of the
 * certificate's key, or the credential's own in self attestation.
 */
function attestation(
  format: string,
  signature: string | undefined,
  certificate: string | undefined,
  algorithm: number,
): CborMap {
  if (format === 'none') return cborMap([]);
  const sig = fromBase64(signature, TOOL, 'attestation signature');
  if (sig.length === 0) throw unreadable(TOOL, 'attestation signature');
  const leaf = certificate ? fromBase64(certificate, TOOL, 'attestation certificate') : undefined;
  const x5c = leaf && [leaf];
  if (format === 'packed') {
    return cborMap([
      ['alg', leaf ? algorithmOf(leaf) : algorithm],
      ['sig', sig],
      ['x5c', x5c],
    ]);
  }
  if (format === 'fido-u2f' && x5c) {
    return cborMap([
      ['sig', sig],
      ['x5c', x5c],
    ]);
  }
  throw new SecurityKeyError(
    'unsupported-option',
    'The key attests in a format that its tool does not pass on whole; take another key.',
    { format: format.slice(0, 32) },
  );
}

function algorithmOf(certificate: Uint8Array): number {
  let type: string | undefined;
  let curve: string | undefined;
  try {
    const { publicKey } = new X509Certificate(certificate);
    type = publicKey.asymmetricKeyType;
    curve = publicKey.asymmetricKeyDetails?.namedCurve;
  } catch (error) {
    throw unreadable(TOOL, 'attestation certificate', error);
  }
  if (type === 'ec' && curve === 'prime256v1') return ALGORITHM.ES256;
  if (type === 'ec' && curve === 'secp384r1') return ALGORITHM.ES384;
  if (type === 'ed25519') return ALGORITHM.EDDSA;
  if (type === 'rsa') return ALGORITHM.RS256;
  throw unreadable(TOOL, 'attestation certificate');
}
