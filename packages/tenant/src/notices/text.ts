/** What people are told when something of theirs was changed. Nothing secret, and no link to click. */
import type { AuditEvent, AuditEventName } from '../audit/rules.ts';

/** What a user hears of; `what` ends the sentence that begins with the name of the key, where there is one. */
const TOLD: Partial<Record<AuditEventName, { subject: string; what: (key: string) => string }>> = {
  'key.registered': {
    subject: 'A security key was added to your account',
    what: (key) => `The security key ${key} was added to your account. It can sign in as you from now on.`,
  },
  'key.removed': {
    subject: 'A security key was removed from your account',
    what: (key) => `The security key ${key} was removed from your account. It can no longer sign in.`,
  },
  'key.renamed': {
    subject: 'A security key of your account has a new name',
    what: (key) => `A security key of your account is now called ${key}.`,
  },
  'pass.created': {
    subject: 'A Temporary Access Pass was made for your account',
    what: () =>
      'An administrator made a Temporary Access Pass for your account. Whoever has it can sign in once and add a security key.',
  },
};

/** Undefined where nobody is told. */
export function noticeOf(
  event: Pick<AuditEvent, 'event' | 'actor' | 'correlationId'>,
  about: { userId: string; displayName: string; key: string | undefined; tenantName: string; time: Date },
): { subject: string; text: string } | undefined {
  const told = TOLD[event.event];
  if (told === undefined) return undefined;
  const { userId, displayName, key = 'without a name', tenantName, time } = about;
  const who = event.actor === `user:${userId}` ? 'you, signed in to your account' : 'an administrator';
  return {
    subject: told.subject,
    text: [
      `Hello ${displayName},`,
      '',
      told.what(`"${key}"`),
      '',
      `Organization: ${tenantName}`,
      `When: ${time.toISOString().replace('T', ' ').slice(0, 19)} UTC`,
      `By: ${who}`,
      `Trace id: ${event.correlationId}`,
      '',
      'If this was not meant to be, tell your administrator at once, and give the trace id.',
      'Your administrator never asks you for a PIN or a pass.',
      '',
    ].join('\n'),
  };
}

/** Whether anybody is told of such an event. */
export const isTold = (event: AuditEventName): boolean => TOLD[event] !== undefined;
