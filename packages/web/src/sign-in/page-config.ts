/** What the tenant puts into the page as data (`$Config`), as far as the page's own script reads it. */
export interface PageConfig {
  canary: string;
  sCtx: string;
  sFT: string;
  sessionId: string;
  urlFidoLogin: string;
  urlGetCredentialType: string;
  sFidoChallenge: string;
  kennel: { rpId: string; timeout: number; challengeLifetime: number; urlReport: string };
}

declare global {
  interface Window {
    $Config?: PageConfig & { urlOptions?: string; urlRegister?: string; urlReport?: string };
  }
}
