/**
 * Access tokens ([MS-OAPXBC] 3.2.5.1.3): JWTs (RFC 7519) for a resource that checks them through the published
 * keys. Only for audiences that the configuration names, and the tenant's own.
 */
import { DRS_RESOURCE, encodeBase64Url } from '@kennel/prt';
import type { Audited } from '../audit/rules.ts';
import { TenantError } from '../errors.ts';
import type { DeviceRow, UserRow } from '../store/schema.ts';
import type { Tenant } from '../tenant.ts';
import { idToken, sign } from './rules.ts';

/** How long an access token is good, in seconds. */
const ACCESS_TOKEN_SECONDS = 3600;

export interface AccessTokenRequest {
  clientId: string;
  scope: string;
  resource: string | undefined;
  user: UserRow;
  device: DeviceRow;
  /** ISO 8601, when the person signed in. */
  authenticatedOn: string;
}

/**
 * The members of the answer.
 * @throws TenantError `resource-unknown`
 */
export async function accessTokenAnswer(
  tenant: Tenant,
  request: AccessTokenRequest,
  audited: Audited,
): Promise<Record<string, unknown>> {
  const { user, device, clientId, authenticatedOn } = request;
  const resource = audienceOf(tenant, request);
  const token = sign(tenant, user, resource, ACCESS_TOKEN_SECONDS, {
    appid: clientId,
    amr: ['fido', 'mfa'],
    deviceid: device.id,
    auth_time: Math.floor(Date.parse(authenticatedOn) / 1000),
    scp: request.scope,
    ver: '1.0',
  });
  const subject = `${audited.subject} resource:${resource}`;
  await tenant.audit.record({ ...audited, subject, event: 'access-token.issued', outcome: 'allowed' });
  return {
    token_type: 'Bearer',
    expires_in: String(ACCESS_TOKEN_SECONDS),
    ext_expires_in: String(ACCESS_TOKEN_SECONDS),
    expires_on: String(Math.floor(tenant.now().getTime() / 1000) + ACCESS_TOKEN_SECONDS),
    access_token: token,
    id_token: idToken(tenant, user, clientId),
    client_info: encodeBase64Url(Buffer.from(JSON.stringify({ uid: user.id, utid: tenant.config.tenantId }))),
    scope: request.scope,
    resource,
  };
}

const DEFAULT_SCOPE = /^(.+)\/\.default$/;

/** The resource that is asked for: by its name, or by a scope `<resource>/.default`. */
function audienceOf(tenant: Tenant, { resource, scope }: AccessTokenRequest): string {
  const byScope = scope.split(' ').flatMap((part) => DEFAULT_SCOPE.exec(part)?.[1] ?? []);
  const [asked = '', second] = resource === undefined || resource === '' ? byScope : [resource];
  const known = [DRS_RESOURCE, ...(tenant.config.resources ?? [])];
  if (second === undefined && known.includes(asked)) return asked;
  throw new TenantError(
    'resource-unknown',
    'No access token is given for this resource. Your administrator can name it under "resources" in config.json.',
    { asked: asked.slice(0, 256) },
  );
}
