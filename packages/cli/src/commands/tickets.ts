/** kennel tickets: those of everyone who is signed in, for other programs (export), and where their realms are (krb5-conf). */
import type { TicketList, TicketState } from '@kennel/device';
import type { Command } from 'commander';
import { define, type Given, type Outcome, option, required, text } from '../command.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { deviceDir } from '../home.ts';
import { table } from '../table.ts';
import { kdcOf, kdcOption, userOption } from './sign-in.ts';

export function ticketCommands(program: Command): void {
  const tickets = define(
    program,
    {
      usage: 'tickets',
      summary: 'fetch the tickets that are still missing, and list those that are there',
      example: 'kennel tickets --json',
      options: [userOption, kdcOption],
    },
    (_, given) => listAll(given),
  );
  define(
    tickets,
    {
      usage: 'export',
      summary: "write a user's ticket for programs that read .kirbi files",
      example: 'kennel tickets export --kirbi alice.kirbi',
      options: [
        required('--kirbi <file>', 'where to write it; whoever has it is the user until it ends'),
        userOption,
      ],
    },
    async (_, given) => {
      const user = text(given, 'user');
      const { exportKirbi } = await import('@kennel/device');
      const value = exportKirbi({
        stateDir: deviceDir(),
        path: text(given, 'kirbi') ?? '',
        ...(user ? { user } : {}),
      });
      const until = value.endTime.toISOString();
      return {
        value,
        text: `Wrote the ticket of ${value.principal}, until ${until}, to ${value.path}. Whoever has the file is ${value.principal} until then.`,
      };
    },
  );
  define(
    tickets,
    {
      usage: 'krb5-conf',
      summary: "print what Kerberos programs must know of this device's realms, or write it for them",
      example: 'kennel tickets krb5-conf --include-dir /etc/krb5.conf.d',
      options: [option('--include-dir <dir>', 'write kennel.conf into this include directory')],
    },
    async (_, given) => {
      const directory = text(given, 'includeDir');
      const { krb5Snippet, writeKrb5Snippet } = await import('@kennel/device');
      if (directory === undefined) {
        const value = krb5Snippet(deviceDir());
        return { value, text: value.text.trimEnd() };
      }
      const value = writeKrb5Snippet(deviceDir(), directory);
      const next = value.included
        ? ''
        : `\nNothing reads it yet: put the line "includedir ${directory}" at the top of /etc/krb5.conf.`;
      return { value, text: `Wrote ${value.path} (${value.realms.join(', ')}).${next}` };
    },
  );
}

/** The last one to sign in first; the exit code is theirs. */
async function listAll(given: Given): Promise<Outcome> {
  const stateDir = deviceDir();
  const named = text(given, 'user');
  const { fetchTickets, listTickets, readStatus } = await import('@kennel/device');
  const status = readStatus(stateDir);
  const all = named ? [named] : status.joined ? status.users.map(({ upn }) => upn) : [];
  const [first, ...others] = all;
  const who = { stateDir, ...(first ? { user: first } : {}) };
  const ticket = await fetchTickets({ ...who, ...kdcOf(given) });
  const mine = listTickets(who);
  const rest: (TicketList & { ticket: TicketState })[] = [];
  for (const user of others) {
    const theirs = await fetchTickets({ stateDir, user });
    rest.push({ ...listTickets({ stateDir, user }), ticket: theirs });
  }
  const value = { ticket, ccache: mine.ccache, tickets: mine.tickets, others: rest };
  // Where several used the same file, the last one has it.
  const lists = [mine, ...rest].filter(
    (each, at, every) => every.findIndex((one) => one.ccache === each.ccache) === at,
  );
  const rows = lists.flatMap(({ ccache, tickets }) =>
    tickets.map((each) => [each.server, each.endTime.toISOString(), each.client, ccache]),
  );
  const listed = table(['service', 'until', 'client', 'cache'], rows, `No tickets in ${mine.ccache}.`);
  if (ticket.state === 'full') return { value, text: listed };
  return {
    value,
    text: `${listed}\n${ticket.message}\n${ticket.next}`,
    exitCode: exitCodeOf(ticket.code),
  };
}
