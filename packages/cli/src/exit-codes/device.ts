/** Offline sign-in, hybrid join, the agent, and keys that are made ready. */
import type { ExitCode } from './exit.ts';

export const DEVICE: readonly ExitCode[] = [
  {
    exit: 68,
    meaning: 'no offline sign-in is kept here, or the security key or policy does not allow any',
    codes: ['offline-no-cache', 'offline-key-without-secret', 'offline-off', 'offline-not-offered'],
  },
  {
    exit: 69,
    meaning: 'offline sign-in is over, or the clock went back',
    codes: ['offline-expired', 'offline-clock-back'],
  },
  {
    exit: 79,
    meaning:
      'hybrid join: not done yet; the next sync of the domain, or what the message names, is to come first',
    codes: [
      'device-not-announced',
      'not-domain-member',
      'hybrid-not-configured',
      'hybrid-tenant-other',
      'hybrid-identity-refused',
    ],
  },
  {
    exit: 78,
    meaning: 'the agent cannot serve its socket, or is at another sign-in',
    codes: ['agent-running', 'agent-socket-unusable', 'agent-busy'],
  },
  { exit: 77, meaning: 'the security key is not fresh: it has a PIN', codes: ['key-not-fresh'] },
];
