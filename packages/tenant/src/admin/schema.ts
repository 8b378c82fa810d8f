/** What the tenant says of itself to administrators. */
import type { DeviceCaStatus } from '../devices/schema.ts';

export interface TenantStatus {
  tenantId: string;
  tenantName: string;
  url: string;
  rpId: string;
  origins: string[];
  lab: boolean;
  store: 'sqlite' | 'postgresql';
  processId: number;
  time: string;
  deviceCa: DeviceCaStatus;
}
