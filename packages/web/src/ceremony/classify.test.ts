/** Each name of a browser's error, and for NotAllowedError the time that it took. */
import { describe, expect, test } from 'vitest';
import { CeremonyError, KINDS } from './ceremony-error.ts';
import { classify } from './classify.ts';

const error = (name: string, message = '') => Object.assign(new Error(message), { name });
const attempt = { ceremony: 'assertion', elapsed: 5_000, timeout: 60_000 } as const;

describe('what a browser says', () => {
  test.each([
    ['NotAllowedError', { elapsed: 59_200 }, 'timed-out'],
    ['NotAllowedError', { elapsed: 61_000 }, 'timed-out'],
    ['NotAllowedError', { elapsed: 5_000 }, 'cancelled'],
    ['NotAllowedError', { elapsed: 40 }, 'no-matching-key'],
    ['NotAllowedError', { elapsed: 40, ceremony: 'registration' }, 'no-usable-key'],
    ['AbortError', {}, 'superseded'],
    ['InvalidStateError', { ceremony: 'registration' }, 'already-registered'],
    ['InvalidStateError', {}, 'unknown'],
    ['SecurityError', {}, 'wrong-site'],
    ['ConstraintError', {}, 'no-user-verification'],
    ['NotSupportedError', {}, 'algorithm-unsupported'],
    ['UnknownError', {}, 'unknown'],
  ] as const)('%s %o is %s', (name, more, kind) => {
    expect(classify(error(name), { ...attempt, ...more })).toBe(kind);
  });

  test('messages tell apart what names do not', () => {
    expect(classify(error('NotAllowedError', 'The document is not focused.'), attempt)).toBe('not-focused');
    expect(classify(error('ConstraintError', 'no resident key'), attempt)).toBe('no-room-for-passkey');
    expect(classify('a string', attempt)).toBe('unknown');
  });

  test('every kind has words that say what to do', () => {
    for (const kind of KINDS) {
      for (const ceremony of ['registration', 'assertion'] as const) {
        const { title, message } = new CeremonyError(kind, ceremony);
        expect(title.length).toBeGreaterThan(5);
        expect(message).toMatch(/\./);
      }
    }
  });
});
