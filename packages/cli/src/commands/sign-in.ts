/** kennel signin, refresh, signout: a person on a joined device. */
import type { AnySignIn, SignInResult } from '@kennel/device';
import type { Command } from 'commander';
import { parseAddress } from '../address.ts';
import { define, type Given, type Outcome, option, text } from '../command.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { deviceDir } from '../home.ts';
import { pinFileOption, readPin } from '../pin.ts';
import { keyOption, withKey } from './key.ts';

export const userOption = option('--user <upn>', 'whose, where several people have signed in');
export const kdcOption = option('--kdc <host:port>', 'the domain controller; found through DNS unless given');

export function kdcOf(given: Given): { kdc?: { host: string; port: number } } {
  const kdc = text(given, 'kdc');
  if (kdc === undefined) return {};
  return { kdc: { port: 88, ...parseAddress('--kdc', kdc) } };
}

export function signInCommands(program: Command): void {
  define(
    program,
    {
      usage: 'signin',
      summary: 'sign in with a security key; fetches the tickets of your domain, or works without the tenant',
      example: 'kennel signin --ccache /tmp/krb5cc_1000',
      options: [
        keyOption,
        pinFileOption,
        kdcOption,
        option('--user <upn>', 'who is meant; a key of somebody else is refused'),
        option('--ccache <file>', 'where to write the tickets (KRB5CCNAME unless given)'),
        option('--offline', 'ask nobody: open what the last sign-in left'),
      ],
    },
    async (_, given) => {
      const { checkJoined, signInAnywhere } = await import('@kennel/device');
      checkJoined(deviceDir()); // before anyone looks for a key or types a PIN
      return withKey(given, async (key) => {
        const ccache = text(given, 'ccache');
        const user = text(given, 'user');
        const value = await signInAnywhere({
          stateDir: deviceDir(),
          key,
          pin: await readPin(text(given, 'pinFile')),
          ...kdcOf(given),
          ...(ccache ? { ccache } : {}),
          ...(user ? { user } : {}),
          offline: given.offline === true,
        });
        return outcome(value, signedInText(value));
      });
    },
  );
  define(
    program,
    {
      usage: 'refresh',
      summary: 'renew the Primary Refresh Token and the tickets, without the security key',
      example: 'kennel refresh --user alice@corp.example.com',
      options: [userOption, kdcOption],
    },
    async (_, given) => {
      const user = text(given, 'user');
      const { renewPrt } = await import('@kennel/device');
      const who = { stateDir: deviceDir(), ...(user ? { user } : {}) };
      const value = await renewPrt({ ...who, ...kdcOf(given) });
      return outcome(value, `Renewed for ${value.user.upn}, until ${value.prtExpiresOn.toISOString()}.`);
    },
  );
  define(
    program,
    {
      usage: 'signout',
      summary: 'destroy the tickets and the Primary Refresh Token on this device',
      example: 'kennel signout',
      options: [userOption, option('--forget', 'also what the next sign-in without the tenant needs')],
    },
    async (_, given) => {
      const user = text(given, 'user');
      const { signOut } = await import('@kennel/device');
      const value = signOut({
        stateDir: deviceDir(),
        ...(user ? { user } : {}),
        forget: given.forget === true,
      });
      const kept =
        value.offline.length === 0
          ? ''
          : `\nOffline sign-in by security key is kept for ${value.offline.join(', ')}; --forget removes it.`;
      return { value, text: `Signed out: ${value.users.join(', ') || 'nobody was signed in'}.${kept}` };
    },
  );
}

function signedInText(value: AnySignIn): string {
  const { upn } = value.user;
  if (value.mode === 'offline')
    return `Signed in offline as ${upn}: good without the tenant until ${value.goodUntil.toISOString()}.`;
  const { offline } = value;
  const without = offline.available
    ? `Without the tenant it works until ${offline.goodUntil.toISOString()}.`
    : `Without the tenant it will not work: ${offline.message} ${offline.next}`;
  return `Signed in as ${upn}. ${without}`;
}

function outcome(value: Pick<SignInResult, 'user' | 'ticket'>, done: string): Outcome {
  const { ticket } = value;
  if (ticket.state === 'full') {
    const until = ticket.endTime.toISOString();
    return { value, text: `${done}\nTickets of ${ticket.realm} until ${until}, in ${ticket.ccache}` };
  }
  return {
    value,
    text: `${done} There is no Kerberos ticket: ${ticket.message}\n${ticket.next}`,
    exitCode: exitCodeOf(ticket.code),
  };
}
