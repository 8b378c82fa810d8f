/**
 * `$Config`: what the sign-in page tells scripts, its own and those of brokers that drive it without a browser. The
 * names are those that the open brokers read.
 */
import { issueNonce } from '../nonce/rules.ts';
import type { Tenant } from '../tenant.ts';
import { canaryOf, signInBinding } from './browser.ts';
import { type Target, writeFlow } from './flow.ts';

/** How long a key is waited for, in milliseconds. */
const CEREMONY_TIMEOUT = 120_000;
/** Members of type number whose values brokers only hand back. */
const FIDO_ALLOWED_IDENTITIES = 2;

export interface PageError {
  /** As in `error_codes`. */
  number: number;
  code: string;
  message: string;
}

export interface ConfigInput {
  browser: string;
  target: Target;
  traceId: string;
  loginHint: string;
  error?: PageError | undefined;
}

export function pageConfig(tenant: Tenant, { browser, target, traceId, loginHint, error }: ConfigInput) {
  const base = `${tenant.publicUrl}/common`;
  const flow = writeFlow(tenant, browser, target);
  const canary = canaryOf(tenant, browser);
  return {
    pgid: error === undefined ? 'ConvergedSignIn' : 'ConvergedError',
    sessionId: traceId,
    correlationId: traceId,
    canary,
    sCrossDomainCanary: canary,
    apiCanary: canary,
    sFT: flow,
    sFTName: 'flowToken',
    sCtx: flow,
    urlPost: `${base}/login`,
    urlPostAad: `${base}/login`,
    urlPostMsa: `${base}/login`,
    urlGetCredentialType: `${base}/GetCredentialType?mkt=en-US`,
    urlFidoLogin: `${base}/fido/get`,
    urlResume: `${base}/login`,
    urlRefresh: `${base}/login`,
    urlSessionState: `${base}/DeviceCodeStatus`,
    sFidoChallenge: issueNonce(tenant, signInBinding(browser)),
    arrFidoAllowList: [] as string[],
    arrUserProofs: [] as unknown[],
    iAllowedIdentities: FIDO_ALLOWED_IDENTITIES,
    fIsFidoSupported: true,
    fIsPasskeySupportEnabled: true,
    iMaxPollAttempts: 1,
    iPollingInterval: 1,
    sPOST_Username: loginHint,
    sTenantId: tenant.config.tenantId,
    ...(error !== undefined && {
      sErrorCode: String(error.number),
      sErrTxt: error.message,
      strServiceExceptionMessage: error.message,
    }),
    /** For the page's own script. */
    kennel: {
      rpId: tenant.config.rpId,
      timeout: CEREMONY_TIMEOUT,
      /** Challenges are good for five minutes; the script asks for another before. Milliseconds. */
      challengeLifetime: 240_000,
      urlReport: '/ceremony-failures',
    },
  };
}
export type PageConfig = ReturnType<typeof pageConfig>;
