/**
 * The agent's line protocol. One line asks, lines answer, and one of the last five words ends it. Lines are short and
 * plain, so that a C module reads them with a fixed buffer and no parser.
 *
 *   asks      signin NAME | unlock NAME | status          NAME: of a local user
 *   in between, to the agent:   pin PIN | cancel
 *   answers   pin PROMPT | touch TEXT | info TEXT | ccache FILE:/PATH
 *             ok TEXT | ignore REASON | unavailable CODE TEXT | failed CODE TEXT | malformed TEXT
 */

/** Bytes of a line without its end; more is refused, in both directions. */
export const LONGEST_LINE = 1000;
/** No local user's name is longer (useradd's own bound is 32, directories' names are longer). */
const LONGEST_NAME = 256;

export type Ask = { verb: 'signin' | 'unlock'; name: string } | { verb: 'status' };

/** @returns undefined where it is no request */
export function parseAsk(line: string): Ask | undefined {
  if (line === 'status') return { verb: 'status' };
  const [, verb, name = ''] = /^(signin|unlock) (.+)$/u.exec(line) ?? [];
  if ((verb !== 'signin' && verb !== 'unlock') || !isLocalName(name)) return undefined;
  return { verb, name };
}

/** As passwd(5) can hold it, and no option of a program that it is given to. */
const isLocalName = (name: string) =>
  Buffer.byteLength(name) <= LONGEST_NAME && /^[^\s:/\p{Cc}\p{Cf}-][^\s:/\p{Cc}\p{Cf}]*$/u.test(name);

type Word = 'pin' | 'touch' | 'info' | 'ccache' | 'ok' | 'ignore' | 'unavailable' | 'failed' | 'malformed';

/** One line of an answer: without control characters, cut to what a line may be. */
export function answerLine(word: Word, ...rest: string[]): string {
  const text = [word, ...rest].join(' ').replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
  let line = text;
  while (Buffer.byteLength(line) > LONGEST_LINE) line = line.slice(0, -16);
  return `${line}\n`;
}
