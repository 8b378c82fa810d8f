/** authenticatorGetAssertion (CTAP 2.1, section 6.2) through `fido2-assert -G`. */
import { SecurityKeyError } from '../error.ts';
import type { GetAssertionRequest, KeyAssertion } from '../security-key.ts';
import { base64, fromBase64, inputLine, readAuthenticatorData, typedPin, unreadable } from './lines.ts';
import { runTool, type ToolContext } from './tool.ts';
import { signerInTrace } from './trace.ts';

const TOOL = 'fido2-assert';

/** An assertion; `credentialId` is missing where neither the request nor the tool's trace names it. */
export type ToolAssertion = Omit<KeyAssertion, 'credentialId'> & { readonly credentialId?: Uint8Array };

/** A request with one credential, or none and then any resident one: the tool takes no list. */
export type SingleRequest = Omit<GetAssertionRequest, 'allowCredentialIds'> & {
  readonly credentialId?: Uint8Array | undefined;
};

/** Have the key sign. Throws SecurityKeyError: `no-credentials`, and those of runTool. */
export async function getAssertion(
  path: string,
  request: SingleRequest,
  context: ToolContext,
): Promise<ToolAssertion> {
  const salt = request.hmacSecretSalt;
  if (salt && salt.length !== 32 && salt.length !== 64) {
    throw new SecurityKeyError('request-invalid', 'hmac-secret takes one salt of 32 bytes, or two in 64.');
  }
  const { stdout, stderr } = await run(path, request, [], context).catch((error: unknown) => {
    // A credential made without hmac-secret gives none, and the tool then prints nothing at all.
    if (salt === undefined || !isOutputError(error)) throw error;
    const { hmacSecretSalt: _, ...plain } = request;
    return run(path, plain, [], context);
  });
  const found = request.credentialId === undefined;
  const [hash, rpId, authData, signatureText, ...rest] = stdout.split('\n');
  if (hash !== base64(request.clientDataHash) || rpId !== request.rpId) throw unreadable(TOOL, 'assertion');
  const data = readAuthenticatorData(authData, TOOL, request.rpId);
  const signature = fromBase64(signatureText, TOOL, 'signature');
  if (signature.length === 0) throw unreadable(TOOL, 'signature');
  const printedHandle = found ? fromBase64(rest.shift(), TOOL, 'user handle') : undefined;
  const hmacSecret =
    salt && data.extensions?.has('hmac-secret') && fromBase64(rest.shift(), TOOL, 'hmac-secret');
  const signer = signerInTrace(stderr, signature);
  const credentialId = request.credentialId ?? signer?.credentialId;
  const userHandle = printedHandle ?? signer?.userHandle;
  return {
    authenticatorData: data.bytes,
    signature,
    ...(credentialId ? { credentialId } : {}),
    ...(userHandle?.length ? { userHandle } : {}),
    ...(hmacSecret ? { hmacSecret } : {}),
  };
}

/** Whether the key has this credential: asked without a touch, and nothing of the answer is used. */
export async function hasCredential(
  path: string,
  request: { readonly rpId: string; readonly pin: string; readonly credentialId: Uint8Array },
  context: ToolContext,
): Promise<boolean> {
  try {
    await run(path, { ...request, clientDataHash: new Uint8Array(32) }, ['-t', 'up=false'], context);
    return true;
  } catch (error) {
    if (error instanceof SecurityKeyError && error.code === 'no-credentials') return false;
    throw error;
  }
}

function run(path: string, request: SingleRequest, more: readonly string[], context: ToolContext) {
  const { credentialId, hmacSecretSalt } = request;
  return runTool(
    {
      tool: TOOL,
      arguments: [
        '-G',
        ...(credentialId ? [] : ['-r']),
        ...(hmacSecretSalt ? ['-h'] : []),
        ...(more.length === 0 ? ['-d'] : []),
        '-v',
        ...more,
        path,
      ],
      input: [
        base64(request.clientDataHash),
        inputLine(request.rpId, 'RP ID'),
        ...(credentialId ? [base64(credentialId)] : []),
        ...(hmacSecretSalt ? [base64(hmacSecretSalt)] : []),
      ],
      pins: { PIN: typedPin(request.pin) },
      touch: more.length === 0,
    },
    context,
  );
}

const isOutputError = (error: unknown): boolean =>
  error instanceof SecurityKeyError && error.details?.said === 'output error';
