/** An intranet page that admits by Negotiate (RFC 4559): a Kerberos ticket for its own service key, or 401. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  acceptNegotiate,
  decodeLogonInfo,
  KerberosError,
  type Key,
  PAC_BUFFER,
  principalText,
  ReplayCache,
  verifyPac,
} from '@kennel/kerberos';

export interface Visitor {
  name: string;
  /** RIDs of the visitor's groups, from the PAC. */
  groups: number[];
}

const MAX_HEADER = 65_536;

/** @param key the key of `HTTP/<host>` @param port 0 picks a free one */
export async function startIntranet(
  key: Key,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<{ port: number; close(): Promise<void> }> {
  const replays = new ReplayCache();
  const server = createServer({ maxHeaderSize: MAX_HEADER }, (request, response) =>
    answer(request, response, key, replays),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, key: Key, replays: ReplayCache): void {
  const token = /^Negotiate ([A-Za-z0-9+/]+={0,2})$/i.exec(request.headers.authorization ?? '')?.[1];
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  if (!token) {
    refuse(response, 'A Kerberos ticket is needed for this page. Sign in with your security key first.');
    return;
  }
  try {
    const { visitor, answerToken } = admit(Buffer.from(token, 'base64'), key, replays);
    response.setHeader('www-authenticate', `Negotiate ${Buffer.from(answerToken).toString('base64')}`);
    response.end(`Welcome to the intranet, ${visitor.name}. Your groups: ${visitor.groups.join(', ')}.\n`);
  } catch (error) {
    // Whatever the token held, the page stays up and says only what the library says for people.
    refuse(response, error instanceof KerberosError ? error.message : 'The token could not be read.');
  }
}

function refuse(response: ServerResponse, reason: string): void {
  response.statusCode = 401;
  response.setHeader('www-authenticate', 'Negotiate');
  response.end(`${reason}\n`);
}

function admit(
  token: Uint8Array,
  key: Key,
  replays: ReplayCache,
): { visitor: Visitor; answerToken: Uint8Array } {
  const accepted = acceptNegotiate(token, {
    findKey: ({ etype }) => (etype === key.etype ? key : undefined),
    now: new Date(),
    replays,
  });
  if (!accepted.pac)
    throw new KerberosError('token-refused', 'The ticket says nothing of its owner (no PAC).');
  const logonInfo = verifyPac(accepted.pac, { server: key }).find(
    ({ type }) => type === PAC_BUFFER.LOGON_INFO,
  );
  const groups = logonInfo ? decodeLogonInfo(logonInfo.data).groups.map(({ rid }) => rid) : [];
  return {
    visitor: { name: `${principalText(accepted.ticket.cname)}@${accepted.ticket.crealm}`, groups },
    answerToken: accepted.answer,
  };
}
