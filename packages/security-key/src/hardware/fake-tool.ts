/**
 * A stand-in for libfido2's tools in tests, where they are not installed: the same arguments, prompts, output, words
 * of failure and exit codes as version 1.12, with the software key at the socket that the device's path names. The
 * interop suite holds the real tools to the same tests.
 */
import { parseArgs } from 'node:util';
import { cborMap, decodeCbor, encodeCbor, Members } from '../cbor.ts';
import { connectSoftwareKey } from '../client/ctap2-key.ts';
import { SecurityKeyError } from '../error.ts';
import type { SecurityKey } from '../security-key.ts';
import { CTAP_NAMES } from './tool-error.ts';

/** The process that it speaks for. */
export interface ToolProcess {
  /** fido2-token, fido2-cred or fido2-assert. */
  tool: string;
  args: readonly string[];
  /** Paths of the keys that are plugged in. */
  plugged: readonly string[];
  /** The next line of standard input; empty at its end. */
  line(): Promise<string>;
  print(text: string): void;
  complain(text: string): void;
  /** Resolves when it is killed. */
  killed: Promise<unknown>;
}

/** Runs to the end. @returns the exit code */
export async function fakeTool(process: ToolProcess): Promise<0 | 1> {
  const { positionals, values } = optionsOf(process.args);
  const [path = '', type = 'es256'] = positionals;
  let key: SecurityKey | undefined;
  try {
    if (values.L && path === '') list(process);
    else {
      key = await connectSoftwareKey(path).catch(() => fail(`fido_dev_open ${path}: FIDO_ERR_INTERNAL`));
      process.killed.then(() => key?.close());
      await run({ process, key, values, path, type });
    }
    return 0;
  } catch (error) {
    process.complain(`${process.tool}: ${error instanceof Failed ? error.message : String(error)}\n`);
    return 1;
  } finally {
    await key?.close();
  }
}

const flag = { type: 'boolean' } as const;
const value = { type: 'string' } as const;
const optionsOf = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...{ L: flag, I: flag, S: flag, C: flag, D: flag, M: flag, G: flag },
      ...{ r: flag, h: flag, v: flag, d: flag, f: flag, k: value, i: value, t: value },
    } as const,
    strict: false,
  });

/** A call of a tool for one key. */
interface Call {
  process: ToolProcess;
  key: SecurityKey;
  values: ReturnType<typeof optionsOf>['values'];
  path: string;
  type: string;
}

/** The end of the program, in its words. */
class Failed extends Error {}
function fail(said: string): never {
  throw new Failed(said);
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const bytes = (text: string) => Buffer.from(text, 'base64');
const print = (process: ToolProcess, ...texts: readonly string[]) =>
  process.print(texts.map((text) => `${text}\n`).join(''));

function ask(process: ToolProcess, what: string): Promise<string> {
  process.complain(`Enter ${what}: `);
  return process.line();
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

function list(process: ToolProcess): void {
  for (const one of process.plugged) {
    print(process, `${one}: vendor=0x0000, product=0x0000 (Kennel Software key)`);
  }
}

function run(call: Call): Promise<void> {
  const { tool } = call.process;
  const { values } = call;
  if (tool === 'fido2-cred' && values.M) return makeCredential(call);
  if (tool === 'fido2-assert' && values.G) return getAssertion(call);
  if (values.I) return information(call);
  if (values.S) return setPin(call);
  if (values.C) return changePin(call);
  if (values.L) return credentials(call);
  if (values.D) return remove(call);
  return fail('usage');
}

async function information({ process, key }: Call): Promise<void> {
  const info = await key.info();
  const { retries } = await key.pinRetries();
  const options = Object.entries(info.options).map(([name, on]) => (on ? name : `no${name}`));
  print(
    process,
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

async function setPin({ process, key, values, path }: Call): Promise<void> {
  if (values.f) {
    const pin = await ask(process, `PIN for ${path}`);
    return at('fido_dev_force_pin_change', key.forcePinChange(pin));
  }
  const pin = await ask(process, `new PIN for ${path}`);
  await ask(process, 'the same PIN again');
  await at('fido_dev_set_pin', key.setPin(pin));
}

async function changePin({ process, key, path }: Call): Promise<void> {
  const old = await ask(process, `current PIN for ${path}`);
  const pin = await ask(process, `new PIN for ${path}`);
  await ask(process, 'the same PIN again');
  await at('fido_dev_set_pin', key.changePin(old, pin));
}

async function credentials({ process, key, values, path }: Call): Promise<void> {
  const pin = await ask(process, `PIN for ${path}`);
  const all = await at('fido_credman_get_dev_rk', key.listCredentials(pin));
  const number = (index: number) => `${String(index).padStart(2, '0')}:`;
  if (values.r) {
    const rps = [...new Set(all.map((one) => one.rpId))];
    print(process, ...rps.map((rpId, index) => `${number(index)} ${base64(new Uint8Array(32))} ${rpId}`));
    return;
  }
  const ours = all.filter((one) => one.rpId === values.k);
  if (ours.length === 0) fail('fido_credman_get_dev_rk: FIDO_ERR_NO_CREDENTIALS');
  print(
    process,
    ...ours.map((one, index) => {
      const name = one.userDisplayName ?? '(null)';
      return `${number(index)} ${base64(one.credentialId)} ${name} ${base64(one.userHandle)} es256 uvopt`;
    }),
  );
}

async function remove({ process, key, values, path }: Call): Promise<void> {
  const pin = await ask(process, `PIN for ${path}`);
  await at('fido_credman_del_dev_rk', key.deleteCredential(pin, bytes(String(values.i))));
}

async function makeCredential({ process, key, values, path, type }: Call): Promise<void> {
  const [hash, rpId] = [await process.line(), await process.line()];
  const [userName, userHandle] = [await process.line(), await process.line()];
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
      pin: await ask(process, `PIN for ${path}`),
    }),
  );
  const object = new Members(decodeCbor(made.attestationObject));
  const authData = object.bytes('authData') ?? Buffer.alloc(0);
  const sig = object.map('attStmt')?.bytes('sig') ?? Buffer.alloc(0);
  print(
    process,
    hash,
    rpId,
    object.text('fmt') ?? '',
    base64(encodeCbor(authData)),
    base64(made.credentialId),
    base64(sig),
  );
}

async function getAssertion({ process, key, values, path }: Call): Promise<void> {
  const [hash, rpId] = [await process.line(), await process.line()];
  const allowed = values.r ? [] : [bytes(await process.line())];
  const salt = values.h ? bytes(await process.line()) : undefined;
  const given = await at(
    'fido_dev_get_assert',
    key.getAssertion({
      rpId,
      clientDataHash: bytes(hash),
      pin: await ask(process, `PIN for ${path}`),
      allowCredentialIds: allowed,
      ...(salt ? { hmacSecretSalt: salt } : {}),
    }),
  );
  const { credentialId, authenticatorData, signature, userHandle, hmacSecret } = given;
  if (values.d) {
    const id = cborMap([['id', credentialId]]);
    const user = userHandle && cborMap([['id', userHandle]]);
    trace(
      process,
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
  print(process, hash, rpId, base64(encodeCbor(authenticatorData)), base64(signature));
  if (values.r) print(process, base64(userHandle ?? Buffer.alloc(0)));
  if (hmacSecret) print(process, base64(hmacSecret));
}

function trace(process: ToolProcess, answer: Uint8Array): void {
  const message = Buffer.concat([Buffer.of(0), answer]);
  process.complain(`fido_rx: buf=0x5581c0ffee00, len=${message.length}\n`);
  for (let at = 0; at < message.length; at += 16) {
    const row = message
      .subarray(at, at + 16)
      .toString('hex')
      .replaceAll(/..(?!$)/g, '$& ');
    process.complain(`${String(at).padStart(4, '0')}: ${row}\n`);
  }
}
