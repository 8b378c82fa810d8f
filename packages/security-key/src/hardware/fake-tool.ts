/**
 * A stand-in for libfido2's tools in tests, where they are not installed: the same arguments, prompts, output, words
 * of failure and exit codes as version 1.12, with the software key at the socket that the device's path names. The
 * interop suite holds the real tools to the same tests.
 *
 * node fake-tool.ts fido2-token|fido2-cred|fido2-assert ARGUMENTS...; KENNEL_TEST_KEYS: paths divided by colons.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { cborMap, decodeCbor, encodeCbor, Members } from '../cbor.ts';
import { connectSoftwareKey } from '../client/ctap2-key.ts';
import { SecurityKeyError } from '../error.ts';
import type { SecurityKey } from '../security-key.ts';
import { CTAP_NAMES } from './tool-error.ts';

const [tool = '', ...args] = process.argv.slice(2);
const stdin = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const flag = { type: 'boolean' } as const;
const value = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  args,
  allowPositionals: true,
  options: {
    ...{ L: flag, I: flag, S: flag, C: flag, D: flag, M: flag, G: flag },
    ...{ r: flag, h: flag, v: flag, d: flag, k: value, i: value, t: value },
  } as const,
  strict: false,
});
const [path = '', type = 'es256'] = positionals;
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const bytes = (text: string) => Buffer.from(text, 'base64');
const print = (...texts: readonly string[]) =>
  process.stdout.write(texts.map((text) => `${text}\n`).join(''));

async function line(): Promise<string> {
  const next = await stdin.next();
  return next.done ? '' : next.value;
}

async function ask(what: string): Promise<string> {
  process.stderr.write(`Enter ${what}: `);
  return line();
}

function fail(said: string): never {
  process.stderr.write(`${tool}: ${said}\n`);
  process.exit(1);
}

/** Does something at the key; a refusal is named as libfido2 names it. */
async function at<T>(call: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SecurityKeyError)) throw error;
    const status = Number(error.details?.status);
    const name = [...CTAP_NAMES].find(([, number]) => number === status)?.[0];
    return fail(`${call}: ${name ?? 'FIDO_ERR_RX'}`);
  }
}

if (values.L && path === '') list();
else await run(await connectSoftwareKey(path).catch(() => fail(`fido_dev_open ${path}: FIDO_ERR_INTERNAL`)));
process.exit(0);

function list(): void {
  for (const one of (process.env.KENNEL_TEST_KEYS ?? '').split(':')) {
    if (one !== '') print(`${one}: vendor=0x0000, product=0x0000 (Kennel Software key)`);
  }
}

function run(key: SecurityKey): Promise<void> {
  if (tool === 'fido2-cred' && values.M) return makeCredential(key);
  if (tool === 'fido2-assert' && values.G) return getAssertion(key);
  if (values.I) return information(key);
  if (values.S) return setPin(key);
  if (values.C) return changePin(key);
  if (values.L) return credentials(key);
  if (values.D) return remove(key);
  return fail('usage');
}

async function information(key: SecurityKey): Promise<void> {
  const info = await key.info();
  const { retries } = await key.pinRetries();
  const options = Object.entries(info.options).map(([name, on]) => (on ? name : `no${name}`));
  print(
    ...['proto: 0x02', 'major: 0x05', 'minor: 0x07', 'build: 0x01', 'caps: 0x0d (wink, cbor, nomsg)'],
    `version strings: ${info.versions.join(', ')}`,
    `extension strings: ${info.extensions.join(', ')}`,
    'algorithms: es256 (public-key), eddsa (public-key)',
    `aaguid: ${info.aaguid.replaceAll('-', '')}`,
    `options: ${options.join(', ')}`,
    'fwversion: 0x0',
    `maxmsgsiz: ${info.maxMsgSize}`,
    `minpinlen: ${info.minPinLength}`,
    `pin protocols: ${info.pinProtocols.join(', ')}`,
    `pin retries: ${retries}`,
    `pin change required: ${info.pinChangeNeeded}`,
    'uv retries: undefined',
  );
}

async function setPin(key: SecurityKey): Promise<void> {
  if (values.f) return at('fido_dev_force_pin_change', key.forcePinChange(await ask(`PIN for ${path}`)));
  const pin = await ask(`new PIN for ${path}`);
  await ask('the same PIN again');
  await at('fido_dev_set_pin', key.setPin(pin));
}

async function changePin(key: SecurityKey): Promise<void> {
  const old = await ask(`current PIN for ${path}`);
  const pin = await ask(`new PIN for ${path}`);
  await ask('the same PIN again');
  await at('fido_dev_set_pin', key.changePin(old, pin));
}

async function credentials(key: SecurityKey): Promise<void> {
  const all = await at('fido_credman_get_dev_rk', key.listCredentials(await ask(`PIN for ${path}`)));
  const number = (index: number) => `${String(index).padStart(2, '0')}:`;
  if (values.r) {
    const rps = [...new Set(all.map((one) => one.rpId))];
    print(...rps.map((rpId, index) => `${number(index)} ${base64(new Uint8Array(32))} ${rpId}`));
    return;
  }
  const ours = all.filter((one) => one.rpId === values.k);
  if (ours.length === 0) fail('fido_credman_get_dev_rk: FIDO_ERR_NO_CREDENTIALS');
  print(
    ...ours.map((one, index) => {
      const name = one.userDisplayName ?? '(null)';
      return `${number(index)} ${base64(one.credentialId)} ${name} ${base64(one.userHandle)} es256 uvopt`;
    }),
  );
}

async function remove(key: SecurityKey): Promise<void> {
  const pin = await ask(`PIN for ${path}`);
  await at('fido_credman_del_dev_rk', key.deleteCredential(pin, bytes(String(values.i))));
}

async function makeCredential(key: SecurityKey): Promise<void> {
  const [hash, rpId, userName, userHandle] = [await line(), await line(), await line(), await line()];
  const made = await at(
    'fido_dev_make_cred',
    key.makeCredential({
      rpId,
      userName,
      userHandle: bytes(userHandle),
      clientDataHash: bytes(hash),
      algorithms: [type === 'eddsa' ? -8 : -7],
      residentKey: values.r === true,
      hmacSecret: values.h === true,
      pin: await ask(`PIN for ${path}`),
    }),
  );
  const object = new Members(decodeCbor(made.attestationObject));
  const authData = object.bytes('authData') ?? Buffer.alloc(0);
  const sig = object.map('attStmt')?.bytes('sig') ?? Buffer.alloc(0);
  print(
    hash,
    rpId,
    object.text('fmt') ?? '',
    base64(encodeCbor(authData)),
    base64(made.credentialId),
    base64(sig),
  );
}

async function getAssertion(key: SecurityKey): Promise<void> {
  const [hash, rpId] = [await line(), await line()];
  const allowed = values.r ? [] : [bytes(await line())];
  const salt = values.h ? bytes(await line()) : undefined;
  const given = await at(
    'fido_dev_get_assert',
    key.getAssertion({
      rpId,
      clientDataHash: bytes(hash),
      pin: await ask(`PIN for ${path}`),
      allowCredentialIds: allowed,
      ...(salt ? { hmacSecretSalt: salt } : {}),
    }),
  );
  const { credentialId, authenticatorData, signature, userHandle, hmacSecret } = given;
  if (values.d) {
    const id = cborMap([['id', credentialId]]);
    const user = userHandle && cborMap([['id', userHandle]]);
    trace(
      encodeCbor(
        cborMap([
          [1, id],
          [2, authenticatorData],
          [3, signature],
          [4, user],
        ]),
      ),
    );
  }
  if (salt && hmacSecret === undefined) fail('output error');
  print(hash, rpId, base64(encodeCbor(authenticatorData)), base64(signature));
  if (values.r) print(base64(userHandle ?? Buffer.alloc(0)));
  if (hmacSecret) print(base64(hmacSecret));
}

function trace(answer: Uint8Array): void {
  const message = Buffer.concat([Buffer.of(0), answer]);
  process.stderr.write(`fido_rx: buf=0x5581c0ffee00, len=${message.length}\n`);
  for (let at = 0; at < message.length; at += 16) {
    const row = message
      .subarray(at, at + 16)
      .toString('hex')
      .replaceAll(/..(?!$)/g, '$& ');
    process.stderr.write(`${String(at).padStart(4, '0')}: ${row}\n`);
  }
}
