/** The course of one sign-in or renewal: the device, its way to the tenant, and what it is made with. */
import { readDevice } from '../state/device.ts';
import { type OnStep, type Stepper, stepper } from '../step.ts';
import { type TenantClient, tenantClient } from '../tenant/client.ts';

export interface Course {
  stateDir: string;
  device: ReturnType<typeof readDevice>;
  tenant: TenantClient;
  step: Stepper;
  now: () => Date;
  /** What it is made with: a security key, or the token that was there. */
  credential: 'fido' | 'prt';
}

/** @throws DeviceError `not-joined`, `state-damaged` */
export function beginCourse(
  options: { stateDir: string; now?: () => Date; onStep?: OnStep },
  credential: Course['credential'],
): Course {
  const { stateDir, now = () => new Date() } = options;
  const device = readDevice(stateDir);
  const tenant = tenantClient(device.tenant.caFile);
  return { stateDir, device, tenant, step: stepper(options.onStep), now, credential };
}
