/**
 * Sign-ins of people at their joined devices, per second on one core, with SQLite: the device's signature, the
 * assertion of the security key, a Primary Refresh Token with its session key, a partial TGT, the audit, all of it
 * durable. Against the bound: the bare operations of cryptography of one sign-in, without a store and without what is
 * checked. Both in turn, round by round; the figures are medians. Without HTTP and TLS, and without what devices and
 * keys do.
 *
 * Then renewals; the latency of sign-ins that come one by one, among 10 users and among 1,000,000, whose database is
 * made for the run; and what 100,000 devices take: their rows, and what the process keeps of the certificates it has seen.
 */
import {
  constants,
  createCipheriv,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CLIENT_IDS,
  GRANT_TYPES,
  JOIN_TYPES,
  parseJws,
  signWithSessionKey,
  unwrapSessionKey,
} from '@kennel/prt';
import { issueDeviceCertificate } from '../packages/tenant/src/devices/certificate.ts';
import { currentDevice } from '../packages/tenant/src/devices/current-device.ts';
import { issueNonce } from '../packages/tenant/src/nonce/rules.ts';
import { issuePrt } from '../packages/tenant/src/prt/rules.ts';
import { usePrt } from '../packages/tenant/src/prt/use.ts';
import type { Tenant } from '../packages/tenant/src/tenant.ts';
import { openTenant } from '../packages/tenant/test/open-tenant.ts';
import {
  by,
  databaseSize,
  type PersonAtDevice,
  people,
  requestOf,
  seed,
} from '../packages/tenant/test/prt-people.ts';
import { atATime, median, quantile, rounded } from './measure.ts';
import { type BenchResult, bareMint } from './mint.ts';

const ROUNDS = 7;
const SIGN_INS_A_ROUND = 320;
const AT_A_TIME = 64;
const ONE_BY_ONE = 400;
const PEOPLE = 100;
const FEW = 10;
const MANY = 1_000_000;
/** Certificates that the process remembers: as many as 100,000 devices can make it keep. */
const REMEMBERED = 10_000;

/** About two minutes; the database of many users is a gigabyte, in the directory for temporary files. */
export async function benchPrt(): Promise<BenchResult> {
  const dir = mkdtempSync(join(tmpdir(), 'kennel-bench-'));
  try {
    const few = await measured(join(dir, 'few.db'), FEW, FEW, async (tenant, signers) => ({
      ...(await throughput(tenant, signers)),
      p50: await latency(tenant, signers),
    }));
    const many = await measured(join(dir, 'many.db'), MANY, PEOPLE, latency);
    const devices = await memory(join(dir, 'devices.db'));
    return {
      figures: {
        prt_signins_per_s_core: Math.round(few.signIns),
        prt_bare_crypto_per_s: Math.round(few.bare),
        prt_renewals_per_s_core: Math.round(few.renewals),
        prt_p50_ms_10_users: rounded(few.p50, 3),
        prt_p50_ms_1000000_users: rounded(many, 3),
        ...devices,
      },
      ratios: { prt_signin_vs_bound: rounded(few.ratio, 3), p50_1000000_vs_10: rounded(many / few.p50, 3) },
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function measured<T>(
  file: string,
  users: number,
  signers: number,
  work: (tenant: Tenant, signers: PersonAtDevice[]) => Promise<T>,
): Promise<T> {
  const tenant = await openTenant({ sqlite: file });
  try {
    await seed(tenant, users - signers);
    return await work(tenant, await people(tenant, signers));
  } finally {
    await tenant.ceremonies.flush();
    await tenant.store.destroy();
  }
}

async function throughput(tenant: Tenant, signers: readonly PersonAtDevice[]) {
  const bare = bareSignIn();
  await signIns(tenant, signers, SIGN_INS_A_ROUND); // warm
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    const one = await signIns(tenant, signers, SIGN_INS_A_ROUND);
    const bound = perSecond(SIGN_INS_A_ROUND, await atATime(SIGN_INS_A_ROUND, 1, bare));
    rounds.push({ signIns: one.perSecond, bound, renewals: await renewals(tenant, one.given) });
  }
  return {
    signIns: median(rounds.map((one) => one.signIns)),
    bare: median(rounds.map(({ bound }) => bound)),
    renewals: median(rounds.map((one) => one.renewals)),
    ratio: median(rounds.map((one) => one.signIns / one.bound)),
  };
}

const perSecond = (times: number, milliseconds: number) => (times * 1000) / milliseconds;
/** By the time that passes, or that the process is busy on several cores, whichever is longer. */
async function onOneCore(times: number, work: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  const milliseconds = await work();
  const { user, system } = process.cpuUsage(before);
  return perSecond(times, Math.max(milliseconds, (user + system) / 1000));
}

interface Given {
  prt: string;
  sessionKey: Uint8Array;
}

/** The requests are made before: devices and keys do that. */
async function signIns(tenant: Tenant, signers: readonly PersonAtDevice[], count: number) {
  const requests = Array.from({ length: count }, (_, i) => {
    const signer = signers[i % signers.length];
    if (signer === undefined) throw new Error('no signer');
    return { signer, ...requestOf(tenant, signer) };
  });
  const answers: { signer: PersonAtDevice; prt: string; jwe: string }[] = [];
  let at = 0;
  const rate = await onOneCore(count, () =>
    atATime(count, AT_A_TIME, async () => {
      const one = requests[at++];
      if (one === undefined) throw new Error('no request');
      const answer = await issuePrt(tenant, by(), one.form, one.read());
      if (answer.tgt_message_buffer === undefined) throw new Error(`no ticket: ${answer.tgt_error_message}`);
      answers.push({ signer: one.signer, prt: answer.refresh_token, jwe: answer.session_key_jwe ?? '' });
    }),
  );
  const given = answers.map(
    ({ signer, prt, jwe }): Given => ({ prt, sessionKey: unwrapSessionKey(signer.transportKey, jwe) }),
  );
  return { perSecond: rate, given };
}

/** Renewals a second, with a fresh ticket each. */
async function renewals(tenant: Tenant, given: readonly Given[]): Promise<number> {
  const requests = given.map(({ prt, sessionKey }) =>
    signWithSessionKey(sessionKey, {
      client_id: CLIENT_IDS.broker,
      scope: 'openid aza',
      request_nonce: issueNonce(tenant),
      refresh_token: prt,
      grant_type: GRANT_TYPES.refreshToken,
      session_key_enc: 'A256GCM',
    }),
  );
  let at = 0;
  return onOneCore(requests.length, () =>
    atATime(requests.length, AT_A_TIME, async () => {
      const request = requests[at++] ?? '';
      await usePrt(
        tenant,
        by(),
        { grant_type: GRANT_TYPES.jwtBearer, request, tgt: 'true' },
        parseJws(request),
      );
    }),
  );
}

/** The median, in milliseconds, of sign-ins that come one by one. */
async function latency(tenant: Tenant, signers: readonly PersonAtDevice[]): Promise<number> {
  await signIns(tenant, signers, SIGN_INS_A_ROUND); // warm
  const latencies: number[] = [];
  for (let i = 0; i < ONE_BY_ONE; i++) {
    const signer = signers[i % signers.length];
    if (signer === undefined) throw new Error('no signer');
    const { form, read } = requestOf(tenant, signer);
    const start = performance.now();
    await issuePrt(tenant, by(), form, read());
    latencies.push(performance.now() - start);
  }
  return quantile(latencies, 0.5);
}

/** What a sign-in cannot do without: two signatures verified and one made, a key wrapped, a ticket, a key sealed. */
function bareSignIn(): () => void {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [request, assertion, token] = [randomBytes(3500), randomBytes(100), randomBytes(700)];
  const byDevice = sign('sha256', request, rsa.privateKey);
  const byKey = sign('sha256', assertion, ec.privateKey);
  const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };
  const mint = bareMint();
  const gcm = (key: Buffer | KeyObject, size: number) => {
    const cipher = createCipheriv('aes-256-gcm', key, randomBytes(12));
    return Buffer.concat([cipher.update(Buffer.alloc(size)), cipher.final(), cipher.getAuthTag()]);
  };
  return () => {
    if (!verify('sha256', request, rsa.publicKey, byDevice)) throw new Error('device');
    createHash('sha256').update(assertion).digest();
    if (!verify('sha256', assertion, ec.publicKey, byKey)) throw new Error('key');
    const sessionKey = randomBytes(32);
    publicEncrypt({ key: rsa.publicKey, ...oaep }, sessionKey);
    gcm(sessionKey, 1);
    gcm(sessionKey, 32);
    mint();
    sign('sha256', token, rsa.privateKey);
  };
}

/**
 * Megabytes for 100,000 devices: in the database, each with its person, key and token and what was written of them; and
 * in the process, which remembers the certificates of some.
 */
async function memory(file: string): Promise<Record<string, number>> {
  const count = 200;
  const tenant = await openTenant({ sqlite: file });
  try {
    await seed(tenant, 0);
    const size = await databaseSize(tenant);
    const signers = await people(tenant, count);
    await tenant.ceremonies.flush();
    const joined = (await databaseSize(tenant)) - size;
    await signIns(tenant, signers.slice(0, FEW), SIGN_INS_A_ROUND); // what does not depend on how many devices there are
    await tenant.ceremonies.flush();
    const warm = await databaseSize(tenant);
    await signIns(tenant, signers, count);
    await tenant.ceremonies.flush();
    const written = (joined + (await databaseSize(tenant)) - warm) / count;
    return {
      prt_process_mb_100000_devices: rounded(((await certificateBytes(tenant)) * REMEMBERED) / 1e6, 1),
      prt_database_mb_100000_devices: rounded((written * 100_000) / 1e6, 1),
    };
  } finally {
    await tenant.store.destroy();
  }
}

/** What the process keeps of one certificate that it has seen, in bytes; without what OpenSSL keeps of its key. */
async function certificateBytes(tenant: Tenant): Promise<number> {
  const count = 3000;
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { deviceCa: ca } = tenant.keys;
  const { tenantId } = tenant.config;
  const certificates: Uint8Array[] = [];
  while (certificates.length < count) {
    const given = { ca, publicKey, tenantId, joinType: JOIN_TYPES.join, now: tenant.now() };
    certificates.push(await issueDeviceCertificate({ ...given, deviceId: randomUUID() }));
  }
  const before = await heap();
  for (const certificate of certificates) {
    const unknown = await currentDevice(tenant, certificate, () => {}).catch(
      (error: { code?: string }) => error,
    );
    if (!('code' in unknown) || unknown.code !== 'device-unknown') throw new Error('certificate');
  }
  return ((await heap()) - before) / count;
}

/** Bytes in use, after what is garbage was collected: twice, since the first time only lets go of what holds more. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await wait(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
