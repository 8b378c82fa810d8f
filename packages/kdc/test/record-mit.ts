/**
 * Records what MIT's kinit and kvno send to a KDC of the small realm: `node packages/kdc/test/record-mit.ts`
 * writes vectors/mit/requests.json. The file is committed; this is how it was made.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createKdc } from '../src/kdc.ts';
import { listenKdc } from '../src/listeners.ts';
import { PASSWORD, smallRealm } from './small-realm.ts';

/** The KDC runs in a thread of its own, so that the clients can be waited for in this one. */
async function serve(): Promise<void> {
  const kdc = createKdc(smallRealm());
  const requests: { time: string; hex: string }[] = [];
  const listener = await listenKdc({
    ...kdc,
    handle: (message) => {
      requests.push({ time: new Date().toISOString(), hex: Buffer.from(message).toString('hex') });
      return kdc.handle(message);
    },
  });
  parentPort?.on('message', () => {
    parentPort?.postMessage(requests);
    void listener.close();
  });
  parentPort?.postMessage(listener.port);
}

async function record(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  const next = () => new Promise<unknown>((resolve) => worker.once('message', resolve));
  const port = await next();
  const dir = mkdtempSync(join(tmpdir(), 'kennel-record-'));
  const conf = [
    '[libdefaults]',
    'default_realm = CORP.EXAMPLE.COM',
    'dns_lookup_kdc = false',
    'dns_canonicalize_hostname = false',
    'rdns = false',
    'udp_preference_limit = 1',
    '[realms]',
    `CORP.EXAMPLE.COM = {\nkdc = 127.0.0.1:${port}\n}`,
  ];
  writeFileSync(join(dir, 'krb5.conf'), `${conf.join('\n')}\n`);
  const env = {
    ...process.env,
    KRB5_CONFIG: join(dir, 'krb5.conf'),
    KRB5CCNAME: `FILE:${join(dir, 'ccache')}`,
  };
  for (const [command, argument] of [
    ['kinit', 'alice'],
    ['kvno', 'HTTP/localhost'],
  ] as const) {
    const { status, stderr } = spawnSync(command, [argument], { env, input: `${PASSWORD}\n` });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
  }
  rmSync(dir, { recursive: true });
  const recorded = next();
  worker.postMessage('stop');
  const [withoutPreauth, asReq, tgsReq] = (await recorded) as object[];
  await worker.terminate();
  const file = new URL('../vectors/mit/requests.json', import.meta.url);
  writeFileSync(file, `${JSON.stringify({ withoutPreauth, asReq, tgsReq }, null, 2)}\n`);
}

await (isMainThread ? record() : serve());
