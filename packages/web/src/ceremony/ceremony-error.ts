/**
 * Why a ceremony at a security key failed, as far as browser and clock tell, in words that say what to do next. Browsers
 * hide much on purpose (`NotAllowedError` is nearly everything), so that a page cannot learn which keys someone has.
 */

export const KINDS = [
  'timed-out',
  'cancelled',
  'no-matching-key',
  'no-usable-key',
  'already-registered',
  'wrong-site',
  'no-user-verification',
  'no-room-for-passkey',
  'algorithm-unsupported',
  'not-focused',
  'superseded',
  'browser-unsupported',
  'unknown',
] as const;
export type CeremonyFailure = (typeof KINDS)[number];
export type Ceremony = 'registration' | 'assertion';

interface Words {
  title: string;
  text: string;
}

const PIN_HINT =
  'If the key refused your PIN: after three wrong tries take it out and put it in again; after eight it is locked for good, and your administrator can give you a Temporary Access Pass.';

const WORDS: Record<CeremonyFailure, Words | Record<Ceremony, Words>> = {
  'timed-out': {
    title: 'That took too long',
    text: 'Nothing came from a security key in time. Have the key at hand, then try again and touch it when it blinks.',
  },
  cancelled: {
    registration: {
      title: 'The key was not registered',
      text: `The browser's dialog was closed, or the key gave up. Try again, and follow the dialog to its end. It must be a FIDO2 key with a PIN or a fingerprint set. ${PIN_HINT}`,
    },
    assertion: {
      title: 'You are not signed in yet',
      text: `The browser's dialog was closed, or the key gave up. Try again, and follow the dialog to its end. If it said that the key is not registered, use the key that you registered here. ${PIN_HINT}`,
    },
  },
  'no-matching-key': {
    title: 'No key of yours was found',
    text: 'The browser found no key that is registered with this organization. Plug in the key that you registered here. If you have lost it, use another key, or ask your administrator for a Temporary Access Pass.',
  },
  'no-usable-key': {
    title: 'No key that fits was found',
    text: 'The browser refused at once. Plug in a FIDO2 key that has a PIN or a fingerprint set; keys of the old kind (U2F) and keys that cannot tell that it is you do not fit.',
  },
  'already-registered': {
    title: 'This key is registered already',
    text: 'It is in your list already. To add another key, take this one out and use the other one.',
  },
  'wrong-site': {
    title: 'This address is not the right one',
    text: "Security keys work only at the address that they were registered for. Open this organization's sign-in page by the address that your administrator gave you.",
  },
  'no-user-verification': {
    title: 'This key cannot tell that it is you',
    text: 'A PIN or a fingerprint is required, and this key has none set or cannot have one. Set a PIN in the settings of your computer, or use another key.',
  },
  'no-room-for-passkey': {
    title: 'This key cannot hold the passkey',
    text: 'The key is full, or of an old kind (U2F) that cannot hold passkeys. Remove passkeys that you no longer need from it, or use a FIDO2 key.',
  },
  'algorithm-unsupported': {
    title: 'This key does not fit',
    text: 'The key has no way to sign that this organization accepts. Use a key of another model; "Accepted keys" lists them.',
  },
  'not-focused': {
    title: 'Another window was in front',
    text: 'The browser asks for a key only while this page is in front. Click into the page and try again.',
  },
  superseded: {
    title: 'A newer try took over',
    text: 'Only one window at a time can ask for a key. Close the other one, or try again here.',
  },
  'browser-unsupported': {
    title: 'This browser cannot use security keys',
    text: 'Use a current Firefox, Chrome, Edge or Safari, and open this page by its https:// address.',
  },
  unknown: {
    title: 'The key could not be used',
    text: 'The browser gave no reason. Take the key out, put it in again, and try once more. If it persists, give your administrator the trace id.',
  },
};

export class CeremonyError extends Error {
  override readonly name = 'CeremonyError';
  readonly kind: CeremonyFailure;
  readonly title: string;
  /** Under which the tenant logged it; known once it was told. */
  traceId: string | undefined;

  constructor(kind: CeremonyFailure, ceremony: Ceremony, cause?: unknown) {
    const words = WORDS[kind];
    const { title, text } = 'title' in words ? words : words[ceremony];
    super(text, { cause });
    this.kind = kind;
    this.title = title;
  }
}
