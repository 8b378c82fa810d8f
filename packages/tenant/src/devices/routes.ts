/** The device registration service on the wire: discovery, the join nonce, and joining. */
import { CLIENT_IDS, DRS_RESOURCE } from '@kennel/prt';
import { z } from 'zod';
import { TenantError } from '../errors.ts';
import { listDomains } from '../kerberos-domains/queries.ts';
import { issueNonce } from '../nonce/rules.ts';
import type { Routes } from '../server/fastify.ts';
import { checkSegment, tenantParams } from '../server/segment.ts';
import { allowedOrigins, issuerOf, type Tenant } from '../tenant.ts';
import { registrantOf } from '../tokens/rules.ts';
import { joinHybrid } from './hybrid.ts';
import { joinDevice } from './join.ts';
import { hybridJoinRequest, joinRequest } from './schema.ts';

const query = z.object({
  'api-version': z.string().max(8).optional(),
  managed: z.string().max(8).optional(),
});

const deviceParams = z.object({ device: z.guid().toLowerCase() });

export function deviceRoutes(app: Routes, tenant: Tenant): void {
  app.get('/:tenant/Discover', { schema: { params: tenantParams, querystring: query } }, async (request) => {
    const domains = await listDomains(tenant.store);
    checkSegment(
      tenant,
      request.params.tenant,
      domains.map((domain) => domain.dns_name),
    );
    return discovery(tenant);
  });

  app.get(
    '/EnrollmentServer/nonce/:tenant',
    { schema: { params: tenantParams, querystring: query } },
    async (request) => {
      checkSegment(tenant, request.params.tenant);
      // The first name is misspelt in the protocol.
      return {
        ReponseStatus: { message: '', traceId: request.id, time: tenant.now().toISOString() },
        Value: issueNonce(tenant),
      };
    },
  );

  app.post(
    '/EnrollmentServer/device',
    { schema: { querystring: query, body: joinRequest } },
    async (request) => {
      const token = /^Bearer ([\w.-]{1,8192})$/i.exec(request.headers.authorization ?? '')?.[1];
      if (token === undefined) {
        throw new TenantError(
          'token-invalid',
          'A device is joined with a bearer token for device registration. Sign in for one.',
        );
      }
      const registrant = await registrantOf(tenant, token);
      return joinDevice(tenant, { correlationId: request.id }, registrant, request.body);
    },
  );

  // The protocol's clients look for it, and are told why it ends here.
  app.post('/EnrollmentServer/key', { schema: { querystring: query } }, () => {
    throw new TenantError(
      'hello-key-refused',
      'This tenant takes security keys only, and no keys of Windows Hello. Register a security key on the Security info page.',
    );
  });

  app.put(
    '/EnrollmentServer/device/:device',
    { schema: { params: deviceParams, querystring: query, body: hybridJoinRequest } },
    (request) => {
      const by = { correlationId: request.id, source: request.ip };
      return joinHybrid(tenant, by, request.params.device, request.body);
    },
  );
}

/** Where each service of the tenant answers. */
function discovery(tenant: Tenant) {
  const { publicUrl, config } = tenant;
  const issuer = issuerOf(tenant);
  const service = `${tenant.registrationUrl}/EnrollmentServer`;
  return {
    DiscoveryService: {
      DiscoveryEndpoint: `${publicUrl}/${config.tenantId}/Discover`,
      ServiceVersion: '1.9',
    },
    DeviceRegistrationService: {
      RegistrationEndpoint: `${service}/device/`,
      RegistrationResourceId: DRS_RESOURCE,
      ServiceVersion: '2.0',
    },
    AuthenticationService: {
      OAuth2: { AuthCodeEndpoint: `${issuer}/oauth2/authorize`, TokenEndpoint: `${issuer}/oauth2/token` },
      ClientId: CLIENT_IDS.broker,
    },
    IdentityProviderService: { Federated: false },
    DeviceJoinService: {
      JoinEndpoint: `${service}/device/`,
      JoinResourceId: DRS_RESOURCE,
      ServiceVersion: '2.0',
    },
    KeyProvisioningService: {
      KeyProvisionEndpoint: `${service}/key/`,
      KeyProvisionResourceId: DRS_RESOURCE,
      ServiceVersion: '1.0',
    },
    // RpId and Origins are ours: what an assertion for this tenant must say.
    WebAuthNService: {
      WebAuthNEndpoint: `${publicUrl}/webauthn/${config.tenantId}/`,
      WebAuthNResourceId: DRS_RESOURCE,
      ServiceVersion: '1.0',
      RpId: config.rpId,
      Origins: allowedOrigins(tenant),
    },
    DeviceManagementService: {
      DeviceManagementEndpoint: `${publicUrl}/manage/${config.tenantId}/`,
      DeviceManagementResourceId: DRS_RESOURCE,
      ServiceVersion: '1.0',
    },
    TenantInfo: { DisplayName: config.tenantName, TenantId: config.tenantId, TenantName: config.rpId },
    NonceService: {
      Endpoint: `${service}/nonce/${config.tenantId}/`,
      ResourceId: DRS_RESOURCE,
      ServiceVersion: '1.0',
    },
  };
}
