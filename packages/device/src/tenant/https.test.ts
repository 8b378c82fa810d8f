/** The way to the tenant: whom it trusts, and what it makes of servers that do not answer as they should. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfSigned } from '../../test/proxy.ts';
import { failing } from '../../test/world.ts';
import { httpsClient } from './https.ts';

let dir: string;
let caFile: string;
let url: string;
let port: number;
const servers: (Server & { closeAllConnections?: () => void })[] = [];

async function listening(server: (typeof servers)[number]): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // it listens on TCP
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kennel-https-'));
  caFile = join(dir, 'ca.pem');
  const tls = await selfSigned();
  writeFileSync(caFile, tls.cert);
  port = await listening(
    createServer(tls, (request, response) => {
      if (request.url === '/moved') response.writeHead(302, { location: '/elsewhere' }).end('over there');
      else if (request.url === '/silent') return;
      else if (request.url === '/slow') response.write('{');
      else if (request.url === '/headers') response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end();
      else response.end(`{"method":"${request.method}"}`);
    }),
  );
  url = `https://localhost:${port}`;
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections?.();
    server.close();
  }
  rmSync(dir, { recursive: true });
});

const get = (address: string, ca: string | undefined = caFile, timeout?: number) =>
  httpsClient(ca, timeout === undefined ? {} : { timeout })({ method: 'GET', url: address });

test('a server of the given authority is asked, and no redirect followed', async () => {
  expect(await get(`${url}/`)).toEqual({ status: 200, text: '{"method":"GET"}' });
  expect(await get(`${url}/moved`)).toEqual({ status: 302, text: 'over there' });
});

test('a server that the authority does not stand for is not asked', async () => {
  await expect(httpsClient(undefined)({ method: 'GET', url })).rejects.toThrow(
    failing('tenant-certificate-untrusted'),
  );
  const other = join(dir, 'other.pem');
  writeFileSync(other, (await selfSigned()).cert);
  await expect(get(url, other)).rejects.toThrow(failing('tenant-certificate-untrusted'));
  await expect(get(`https://127.0.0.1:${port}`), 'a name that is not in it').rejects.toThrow(
    failing('tenant-certificate-untrusted'),
  );
  await expect(async () => get(url, join(dir, 'none.pem'))).rejects.toThrow(failing('ca-file-unreadable'));
});

test('silence, slowness and strangers end in time', async () => {
  const plain = await listening(createHttpServer((_request, response) => response.end('{}')));
  const hangsUp = await listening(createTcpServer((socket) => socket.destroy()));
  await expect(get('https://localhost:1')).rejects.toMatchObject({
    code: 'tenant-unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  await expect(get('https://no-such-host.invalid')).rejects.toThrow(failing('tenant-unreachable'));
  await expect(get(`https://localhost:${plain}`)).rejects.toThrow(failing('tenant-unreachable'));
  await expect(get(`https://localhost:${hangsUp}`)).rejects.toThrow(failing('tenant-unreachable'));
  await expect(get(`${url}/headers`)).rejects.toThrow(failing('tenant-unreachable'));
  for (const path of ['/silent', '/slow']) {
    const started = performance.now();
    await expect(get(`${url}${path}`, caFile, 300)).rejects.toMatchObject({
      code: 'tenant-unreachable',
      message: expect.stringContaining('timeout'),
    });
    expect(performance.now() - started).toBeLessThan(3000);
  }
});

/** A process that listens and never takes a connection: once its queue is full the system drops what comes, as a wall does. */
const DROPPING = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

test('a wall that drops packets is given up before a server that is slow', async () => {
  const wall = spawn(process.execPath, ['-e', DROPPING], { stdio: ['ignore', 'pipe', 'inherit'] });
  const waiting: ReturnType<typeof connect>[] = [];
  try {
    const [text] = await once(wall.stdout, 'data');
    const dropping = Number(text);
    for (let i = 0; i < 4; i++) waiting.push(connect(dropping, '127.0.0.1').on('error', () => {}));
    await once(waiting[0] as ReturnType<typeof connect>, 'connect');
    const ask = httpsClient(caFile, { timeout: 20_000, connectTimeout: 300 });
    const asked = performance.now();
    await expect(ask({ method: 'GET', url: `https://127.0.0.1:${dropping}` })).rejects.toMatchObject({
      code: 'tenant-unreachable',
      details: { code: 'connect-timeout' },
    });
    expect(performance.now() - asked).toBeLessThan(5_000);
  } finally {
    for (const socket of waiting) socket.destroy();
    wall.kill('SIGKILL');
  }
  // a connection that was made in time is not cut off by it
  const slow = httpsClient(caFile, { timeout: 900, connectTimeout: 300 });
  await expect(slow({ method: 'GET', url: `${url}/silent` })).rejects.toMatchObject({
    details: { code: 'timeout' },
  });
});
