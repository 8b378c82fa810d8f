/**
 * Partial TGTs minted per second, against the bare crypto operations that a mint cannot do without: the same
 * ciphers, HMACs and random bytes over the same sizes, with nothing around them. Both in turn, round by round,
 * so that a machine that slows down slows both; the figures are medians.
 */
import { createCipheriv, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  AsRep,
  decodeDer,
  decrypted,
  EncAsRepPart,
  EncTicketPart,
  findPac,
  joinKvno,
  KEY_USAGE,
  Key,
  mintPartialTgt,
} from '@kennel/kerberos';

export interface BenchResult {
  figures: Record<string, number>;
  ratios: Record<string, number>;
}

const ROUNDS = 15;
const ROUND_SECONDS = 0.12;

const rodcKey = Key.random();
const request = {
  realm: 'CORP.EXAMPLE.COM',
  key: rodcKey,
  kvno: joinKvno(4242, 1),
  user: {
    sid: 'S-1-5-21-1004336348-1177238915-682003330-1104',
    samAccountName: 'alice',
    upn: 'alice@corp.example.com',
    dnsDomainName: 'corp.example.com',
    netbiosDomainName: 'CORP',
  },
  now: new Date(),
};
const mint = () => mintPartialTgt(request);

/** The sizes of what a mint encrypts and signs, read out of one that was minted. */
function sizes(): { ticket: number; reply: number; pac: number } {
  const { messageBuffer, clientKey, keyType } = mint();
  const message = decodeDer(AsRep, messageBuffer);
  const ticket = decrypted(rodcKey, KEY_USAGE.TICKET, message.ticket.encPart);
  const reply = decrypted(new Key(keyType, clientKey), KEY_USAGE.AS_REP_ENC_PART, message.encPart);
  decodeDer(EncAsRepPart, reply);
  const pac = findPac(decodeDer(EncTicketPart, ticket).authorizationData);
  return { ticket: ticket.length, reply: reply.length, pac: pac?.length ?? 0 };
}

/**
 * What is left of a mint without Kerberos: two random keys and two confounders; two derived keys of the client
 * key (those of the long-lived key are derived once); two encryptions with their HMACs; two signatures.
 */
export function bareMint(): () => void {
  const { ticket, reply, pac } = sizes();
  const iv = Buffer.alloc(16);
  const block = (size: number) => Math.ceil((16 + size) / 16) * 16;
  const ticketBytes = Buffer.alloc(block(ticket));
  const replyBytes = Buffer.alloc(block(reply));
  const pacBytes = Buffer.alloc(pac);
  const constant = Buffer.alloc(32);
  const longLived = createSecretKey(Buffer.alloc(32, 1));
  const cbc = (key: KeyObject, input: Buffer) => {
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    cipher.setAutoPadding(false);
    return cipher.update(input);
  };
  const mac = (key: KeyObject, input: Uint8Array) => createHmac('sha1', key).update(input).digest();
  return () => {
    randomBytes(32);
    const clientKey = createSecretKey(randomBytes(32));
    const encryption = createSecretKey(cbc(clientKey, constant));
    const integrity = createSecretKey(cbc(clientKey, constant));
    mac(longLived, mac(longLived, pacBytes).subarray(0, 12));
    randomBytes(16);
    mac(longLived, ticketBytes);
    cbc(longLived, ticketBytes);
    randomBytes(16);
    mac(integrity, replyBytes);
    cbc(encryption, replyBytes);
  };
}

/** How often `work` runs in a second, measured over `seconds`. */
function rate(work: () => unknown, seconds: number): number {
  const start = performance.now();
  let runs = 0;
  do {
    for (let i = 0; i < 50; i++) work();
    runs += 50;
  } while (performance.now() - start < seconds * 1000);
  return (runs * 1000) / (performance.now() - start);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** About four seconds. */
export function benchMint(): BenchResult {
  const bare = bareMint();
  for (const work of [mint, bare]) rate(work, 0.5);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const minted = rate(mint, ROUND_SECONDS);
    return { minted, bare: rate(bare, ROUND_SECONDS) };
  });
  return {
    figures: {
      partial_tgts_per_s: Math.round(median(rounds.map(({ minted }) => minted))),
      bare_crypto_per_s: Math.round(median(rounds.map((round) => round.bare))),
    },
    ratios: {
      mint_vs_bare_crypto: Number(median(rounds.map((round) => round.minted / round.bare)).toFixed(3)),
    },
  };
}
