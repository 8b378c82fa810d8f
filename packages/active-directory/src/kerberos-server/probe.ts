/** Tries a key of the tenant at one domain controller: carries a sealed request there, and its answer back. */
import { KerberosError, tcpTransport } from '@kennel/kerberos';

/** What the tenant makes of probes: `@kennel/tenant`'s admin client, or one that speaks to it from elsewhere. */
export interface ProbeMaker {
  probe(which: 'current' | 'pending', user?: string): Promise<{ request: string; token: string }>;
  readProbe(answer: { token: string; reply: string; controller: string }): Promise<ProbeAnswer>;
}

export interface ProbeAnswer {
  redeemed: boolean;
  /** Whether the controller has the key; null where its answer does not tell. */
  keyKnown: boolean | null;
  keyVersion: number;
  refusal: string | null;
  message: string;
  etype: number | null;
  controllerTime: string | null;
}

export type ProbeOutcome = { answered: true; answer: ProbeAnswer } | { answered: false; message: string };

const KDC_PORT = 88;
const TIMEOUT = 5_000;

/** @throws what the tenant throws; that the controller is silent is an outcome */
export async function probeController(
  tenant: ProbeMaker,
  controller: { hostName: string; address: string },
  which: 'current' | 'pending',
  user?: string,
): Promise<ProbeOutcome> {
  const { request, token } = await tenant.probe(which, user);
  const transport = tcpTransport({ host: controller.address, port: KDC_PORT }, TIMEOUT);
  let reply: Buffer;
  try {
    reply = await transport(Buffer.from(request, 'base64'));
  } catch (error) {
    if (error instanceof KerberosError) return { answered: false, message: error.message };
    throw error;
  }
  const answer = await tenant.readProbe({
    token,
    reply: reply.toString('base64'),
    controller: controller.hostName,
  });
  return { answered: true, answer };
}
