/** A proxy between a device and its tenant that spoils answers: what a broken or hostile middle could do. */
import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { wrapSessionKey } from '@kennel/prt';
import * as x509 from '@peculiar/x509';
import type { World } from './world.ts';

export interface SpoilingProxy {
  url: string;
  /** From now on the device of this directory speaks to the proxy. */
  intercept(stateDir: string): void;
  /** Changes the body of an answer to a PRT request. */
  alterPrt: ((text: string) => string) | undefined;
  status: number | undefined;
  /** Cuts the connection within the answer, after so many bytes. */
  cutAfter: number | undefined;
  /** Sends each PRT request to the tenant twice, and answers as the second time. */
  sendTwice: boolean;
  /** In place of the tenant's nonce. */
  nonce: string | undefined;
  /** The session key of the sign-in before, and one wrapped for another device. */
  lastSessionKey: string;
  foreignSessionKey: string;
  reset(): void;
  close(): Promise<void>;
}

/** A certificate for localhost that is its own authority. PEM. */
export async function selfSigned(): Promise<{ cert: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

export async function startProxy(world: World): Promise<SpoilingProxy> {
  const tls = await selfSigned();
  const bundle = join(world.home, 'proxy.pem');
  writeFileSync(bundle, `${readFileSync(world.caFile, 'utf8')}\n${tls.cert}`);
  const { jwe } = await wrapSessionKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);

  const server = createServer(tls, async (incoming, outgoing) => {
    const body = Buffer.concat(await incoming.toArray());
    const isPrt = body.includes('jwt-bearer');
    const ask = () => forward(`${world.url}${incoming.url}`, world.caFile, body);
    if (isPrt && proxy.sendTwice) await ask();
    let { status, text } = await ask();
    const { session_key_jwe: sessionKey } = JSON.parse(text);
    if (isPrt && proxy.alterPrt) text = proxy.alterPrt(text);
    if (sessionKey !== undefined) proxy.lastSessionKey = sessionKey;
    if (!isPrt && proxy.nonce) text = JSON.stringify({ Nonce: proxy.nonce });
    if (isPrt && proxy.status !== undefined) status = proxy.status;
    outgoing.writeHead(status, { 'content-length': Buffer.byteLength(text) });
    if (!isPrt || proxy.cutAfter === undefined) return outgoing.end(text);
    outgoing.write(text.slice(0, proxy.cutAfter), () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const spoilers = {
    alterPrt: undefined,
    status: undefined,
    cutAfter: undefined,
    sendTwice: false,
    nonce: undefined,
  };
  const proxy: SpoilingProxy = {
    url: `https://localhost:${port}`,
    ...spoilers,
    lastSessionKey: '',
    foreignSessionKey: jwe,
    reset: () => {
      Object.assign(proxy, spoilers);
    },
    intercept: (stateDir) => {
      const path = join(stateDir, 'device.json');
      const record = JSON.parse(readFileSync(path, 'utf8'));
      record.tenant.tokenEndpoint = record.tenant.tokenEndpoint.replace(world.url, proxy.url);
      record.tenant.caFile = bundle;
      writeFileSync(path, JSON.stringify(record));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}

function forward(url: string, caFile: string, body: Buffer): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length };
    const sent = request(
      url,
      { method: 'POST', ca: readFileSync(caFile), headers, agent: false },
      async (answer) => {
        const text = Buffer.concat(await answer.toArray()).toString();
        resolve({ status: answer.statusCode ?? 0, text });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A token whose claims were changed, and whose signature was not. */
export const claims = (token: string | undefined, edit: object) => {
  const [header, payload = '', signature] = (token ?? '').split('.');
  const changed = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...edit };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
};
