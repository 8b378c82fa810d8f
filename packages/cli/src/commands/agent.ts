/** kennel agent: keeps tokens and tickets alive, and lets people sign in at this machine's prompts. */
import type { AgentEvent } from '@kennel/device';
import type { Command } from 'commander';
import { define, type Given, option, text } from '../command.ts';
import { deviceDir } from '../home.ts';
import { keyOption, openKey } from '../security-key.ts';

/** Where pam_kennel looks unless it is told otherwise. */
const SYSTEM_SOCKET = '/run/kennel/agent.sock';

export function agentCommand(program: Command): void {
  define(
    program,
    {
      usage: 'agent',
      summary:
        'keep tokens and tickets of this device alive, and serve the Linux sign-in, until it is stopped',
      example: 'kennel agent --domain corp.example.com --json',
      options: [
        option(
          '--socket <path>',
          `where the Linux sign-in (pam_kennel) finds it (${SYSTEM_SOCKET} for root, else none)`,
        ),
        option('--domain <domain>', 'local users are accounts of this domain, by their short names'),
        option('--tickets-dir <directory>', 'for the tickets of who signs in (in memory unless given)'),
        keyOption,
      ],
    },
    async (_, given) => {
      const { runAgent } = await import('@kennel/device');
      const ended = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
      const onEvent = (event: AgentEvent) =>
        console.log(given.json ? JSON.stringify(event) : agentText(event));
      const signIns = await signInsOf(given);
      await runAgent({ stateDir: deviceDir(), signal: ended.signal, onEvent, ...(signIns && { signIns }) });
      return { value: undefined, text: '' };
    },
  );
}

async function signInsOf(given: Given) {
  const socketPath = text(given, 'socket') ?? (process.getuid?.() === 0 ? SYSTEM_SOCKET : undefined);
  if (socketPath === undefined) return undefined;
  const { defaultTicketsDir } = await import('@kennel/device');
  return {
    socketPath,
    domain: text(given, 'domain'),
    ticketsDir: text(given, 'ticketsDir') ?? defaultTicketsDir(),
    openKey: (onTouchNeeded: () => void) => openKey(text(given, 'key'), { onTouchNeeded }),
  };
}

function agentText(event: AgentEvent): string {
  switch (event.event) {
    case 'renewed': {
      const ticket = event.ticket === 'full' ? 'with a fresh ticket' : `without a ticket (${event.ticket})`;
      return `${event.user}: renewed ${ticket}, until ${event.prtExpiresOn.toISOString()}`;
    }
    case 'ticket-fetched':
      return `${event.user}: the ticket that was missing is there, until ${event.endTime.toISOString()}`;
    case 'waiting':
      return `${event.user}: ${event.message} Trying again in ${event.retryInSeconds} s at the latest.`;
    case 'gave-up':
      return `${event.user}: ${event.message} ${event.next}`;
    case 'signed-in':
      return `${event.local} signed in as ${event.user} (${event.mode})`;
    case 'sign-in-refused':
      return `${event.local} was refused: ${event.code}`;
    case 'not-ours':
      return `${event.local}: left to others (${event.reason})`;
    case 'network-changed':
      return 'The network has changed.';
  }
}
