/** The administrators' calls, with the session's cookie. */
import { adminClientOver } from '@kennel/tenant/wire';
import { call } from './client.ts';

export const admin = adminClientOver((method, path, body) => call(method, `/admin/v1${path}`, body));
