/** What the security key answers. */
import type { Words } from './words.ts';

export const SECURITY_KEY = {
  'key-unreachable': {
    message: 'No security key answers.',
    next: 'Put the key in (or start the software key), then try again.',
  },
  'pin-invalid': { message: 'Wrong PIN.', next: 'Try again with the right PIN.' },
  'pin-auth-blocked': {
    message: 'Three wrong PINs in a row.',
    next: 'Take the key out, put it in again, then enter the PIN.',
  },
  'pin-blocked': {
    message: 'The key is locked after too many wrong PINs.',
    next: 'Use another key, or reset this one (which erases it) and have it registered again.',
  },
  'pin-not-set': { message: 'The key has no PIN yet.', next: 'Set one first.' },
  'no-credentials': {
    message: 'The key holds no credential for this tenant.',
    next: 'Take the key that is registered for you, or have your administrator register this one.',
  },
  'touch-denied': { message: 'The request was declined at the key.', next: 'Try again and approve it.' },
  'touch-timeout': { message: 'The key was not touched in time.', next: 'Try again and touch the key.' },
  'key-failed': { message: 'The security key could not do this.', next: 'Try again, or take another key.' },
} as const satisfies Record<string, Words>;
