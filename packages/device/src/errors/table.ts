/** Every way in which joining, signing in and fetching tickets can fail: what happened, and what to do next. */
import * as refusals from './refusals.ts';
import { SECURITY_KEY } from './security-key.ts';
import { TENANT } from './tenant.ts';
import { THIS_DEVICE } from './this-device.ts';
import { DOMAIN_CONTROLLER, NO_PARTIAL_TGT } from './tickets.ts';

export const DEVICE_ERRORS = {
  ...THIS_DEVICE,
  ...TENANT,
  ...refusals.SIGN_IN_REFUSALS,
  ...refusals.USER_REFUSALS,
  ...refusals.KEY_POLICY_REFUSALS,
  ...refusals.ACCOUNT_REFUSALS,
  ...refusals.DEVICE_REFUSALS,
  ...refusals.JOIN_REFUSALS,
  ...NO_PARTIAL_TGT,
  ...DOMAIN_CONTROLLER,
  ...SECURITY_KEY,
} as const;

export type DeviceErrorCode = keyof typeof DEVICE_ERRORS;
