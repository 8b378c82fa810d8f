/** The token endpoint, whose grant types lead into the folders, and what publishes the tenant's keys. */
import { CLIENT_IDS, DRS_RESOURCE, GRANT_TYPES, PrtError, parseAssertion, parseJws } from '@kennel/prt';
import { z } from 'zod';
import { codeForm, refreshForm, tokensForCode, tokensForRefreshToken } from '../authorize/grants.ts';
import { CLIENT_ALGORITHMS } from '../clients/rules.ts';
import { CLIENT_CREDENTIALS, clientForm } from '../clients/schema.ts';
import { clientToken } from '../clients/token.ts';
import { TenantError } from '../errors.ts';
import { issueNonce } from '../nonce/rules.ts';
import { type PrtForm, prtForm } from '../prt/request.ts';
import { issuePrt } from '../prt/rules.ts';
import { usePrt } from '../prt/use.ts';
import type { Routes } from '../server/fastify.ts';
import { checkSegment, tenantParams } from '../server/segment.ts';
import { issuerOf, type Tenant } from '../tenant.ts';
import { REGISTRATION_TOKEN_SECONDS, registrationToken } from './rules.ts';

const nonceForm = z.object({ grant_type: z.literal(GRANT_TYPES.nonce) });

const registrationForm = z.object({
  grant_type: z.literal(GRANT_TYPES.fido2),
  nonce: z.string().min(1).max(256),
  assertion: z.string().min(1).max(16_384),
  resource: z.literal(DRS_RESOURCE),
  client_id: z.enum(Object.values(CLIENT_IDS)),
});

const tokenForm = z.discriminatedUnion('grant_type', [
  nonceForm,
  registrationForm,
  prtForm,
  clientForm,
  codeForm,
  refreshForm,
]);

export function tokenRoutes(app: Routes, tenant: Tenant): void {
  app.post(
    '/:tenant/oauth2/token',
    { schema: { params: tenantParams, body: tokenForm } },
    async (request, reply) => {
      checkSegment(tenant, request.params.tenant);
      const form = request.body;
      const by = { correlationId: request.id, source: request.ip };
      switch (form.grant_type) {
        case GRANT_TYPES.nonce:
          return { Nonce: issueNonce(tenant) };
        case GRANT_TYPES.jwtBearer: {
          const jws = readRequest(form);
          if (jws.header.alg !== 'HS256' || jws.header.x5c !== undefined)
            return issuePrt(tenant, by, form, jws);
          // The whole body is one JWE under the session key.
          return reply.type('application/jose').send(await usePrt(tenant, by, form, jws));
        }
        case CLIENT_CREDENTIALS:
          return clientToken(tenant, by, form.client_assertion);
        case GRANT_TYPES.authorizationCode:
          return tokensForCode(tenant, by, form);
        case GRANT_TYPES.refreshToken:
          return tokensForRefreshToken(tenant, by, form);
        case GRANT_TYPES.fido2:
          return {
            token_type: 'Bearer',
            expires_in: String(REGISTRATION_TOKEN_SECONDS),
            resource: DRS_RESOURCE,
            access_token: await registrationToken(tenant, by, {
              nonce: form.nonce,
              assertion: readAssertion(form.assertion),
              clientId: form.client_id,
            }),
          };
      }
    },
  );

  app.get('/:tenant/discovery/keys', { schema: { params: tenantParams } }, async (request) => {
    checkSegment(tenant, request.params.tenant);
    return { keys: [tenant.keys.signing.jwk] };
  });

  app.get(
    '/:tenant/.well-known/openid-configuration',
    { schema: { params: tenantParams } },
    async (request) => {
      checkSegment(tenant, request.params.tenant);
      const issuer = issuerOf(tenant);
      return {
        issuer,
        authorization_endpoint: `${issuer}/oauth2/authorize`,
        token_endpoint: `${issuer}/oauth2/token`,
        jwks_uri: `${issuer}/discovery/keys`,
        token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
        token_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
        grant_types_supported: [...Object.values(GRANT_TYPES), CLIENT_CREDENTIALS],
        response_types_supported: ['code'],
        response_modes_supported: ['query'],
        code_challenge_methods_supported: ['S256'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      };
    },
  );
}

/** Under the device's key (RS256) a PRT is asked for, under the session key (HS256) one is used. */
const readRequest = (form: PrtForm) => wellFormed(() => parseJws(form.request));

const readAssertion = (text: string) => wellFormed(() => parseAssertion(text));

function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PrtError)) throw error;
    throw new TenantError('request-malformed', error.message, { cause: error.code });
  }
}
