/**
 * The Graph-shaped side of administration, under `/v1.0`: security keys and Temporary Access Passes of users, and the
 * policies for both. Its errors have the Graph's shape too.
 */
import { z } from 'zod';
import { callerOf } from '../access/guard.ts';
import { TenantError } from '../errors.ts';
import { changePassPolicy, passPolicyOf, toConfiguration } from '../passes/policy.ts';
import { createPass, listPasses, removePass, showPass } from '../passes/rules.ts';
import { newPass, passPolicyChanges } from '../passes/schema.ts';
import { changeFido2Configuration, fido2Configuration } from '../policy/graph.ts';
import { fido2ConfigurationChanges } from '../policy/schema.ts';
import { answerGraphError, type Routes } from '../server/fastify.ts';
import type { Tenant } from '../tenant.ts';
import { userParams } from '../users/routes.ts';
import { signOutEverywhere } from '../users/rules.ts';
import { removeKey } from '../webauthn/keys.ts';
import * as methods from './methods.ts';
import { challengeMinutes, newFido2Method } from './schema.ts';

const CONFIGURATIONS = '/policies/authenticationMethodsPolicy/authenticationMethodConfigurations';
const KEYS = '/users/:user/authentication/fido2Methods';
const PASSES = '/users/:user/authentication/temporaryAccessPassMethods';
const byId = userParams.extend({ id: z.string().min(1).max(1364) });
/** A function of the Graph, with its parameter in brackets or in the query; everything else is an id. */
const CREATION_OPTIONS =
  /^(?:microsoft\.graph\.)?creationOptions(?:\((?:challengeTimeoutInMinutes=(\d{1,6}))?\))?$/;
const optionsQuery = z.object({ challengeTimeoutInMinutes: challengeMinutes.optional() });

export function graphRoutes(app: Routes, tenant: Tenant): void {
  app.setErrorHandler(answerGraphError);
  keyRoutes(app, tenant);
  passRoutes(app, tenant);
  policyRoutes(app, tenant);
  app.post('/users/:user/revokeSignInSessions', { schema: { params: userParams } }, async (request) => {
    await signOutEverywhere(tenant, callerOf(request), request.params.user);
    return { value: true };
  });
}

function keyRoutes(app: Routes, tenant: Tenant): void {
  app.get(KEYS, { schema: { params: userParams } }, async ({ params }) => ({
    value: await methods.listMethods(tenant, params.user),
  }));
  app.get(
    `${KEYS}/:id`,
    { schema: { params: byId, querystring: optionsQuery } },
    async (request): Promise<unknown> => {
      const { user, id } = request.params;
      const options = CREATION_OPTIONS.exec(id);
      if (options === null) return methods.showMethod(tenant, user, id);
      const given = options[1] ?? request.query.challengeTimeoutInMinutes;
      const minutes = challengeMinutes.optional().safeParse(given);
      if (!minutes.success) {
        throw new TenantError('request-malformed', 'challengeTimeoutInMinutes is from 5 to 43200.');
      }
      return methods.creationOptions(tenant, callerOf(request), user, minutes.data);
    },
  );
  app.post(KEYS, { schema: { params: userParams, body: newFido2Method } }, async (request, reply) => {
    const made = await methods.createMethod(tenant, callerOf(request), request.params.user, request.body);
    return reply.status(201).send(made);
  });
  app.delete(`${KEYS}/:id`, { schema: { params: byId } }, async (request, reply) => {
    await removeKey(tenant, callerOf(request), request.params.user, request.params.id);
    return reply.status(204).send();
  });
}

function passRoutes(app: Routes, tenant: Tenant): void {
  app.get(PASSES, { schema: { params: userParams } }, async ({ params }) => ({
    value: await listPasses(tenant, params.user),
  }));
  app.get(`${PASSES}/:id`, { schema: { params: byId } }, ({ params }) =>
    showPass(tenant, params.user, params.id),
  );
  app.post(PASSES, { schema: { params: userParams, body: newPass } }, async (request, reply) => {
    const made = await createPass(tenant, callerOf(request), request.params.user, request.body);
    return reply.status(201).send(made);
  });
  app.delete(`${PASSES}/:id`, { schema: { params: byId } }, async (request, reply) => {
    await removePass(tenant, callerOf(request), request.params.user, request.params.id);
    return reply.status(204).send();
  });
}

function policyRoutes(app: Routes, tenant: Tenant): void {
  app.get(`${CONFIGURATIONS}/fido2`, { schema: {} }, () => fido2Configuration(tenant));
  app.patch(`${CONFIGURATIONS}/fido2`, { schema: { body: fido2ConfigurationChanges } }, (request) =>
    changeFido2Configuration(tenant, callerOf(request), request.body),
  );
  app.get(`${CONFIGURATIONS}/temporaryAccessPass`, { schema: {} }, async () =>
    toConfiguration(await passPolicyOf(tenant)),
  );
  app.patch(
    `${CONFIGURATIONS}/temporaryAccessPass`,
    { schema: { body: passPolicyChanges } },
    async (request) => toConfiguration(await changePassPolicy(tenant, callerOf(request), request.body)),
  );
}
