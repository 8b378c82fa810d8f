/** How the clients that exist differ on the wire. Each is read as it comes. */
export interface Flavour {
  /** In the JWS header: one string, or an array of one. */
  x5c: 'string' | 'array';
  /** Of the key derivation; 1 says nothing of itself in the header. */
  kdf: 1 | 2;
  /** What this client understands under the session key. */
  content: 'CBC' | 'by IV length' | 'GCM';
  contentType: boolean;
  percentEncoded: boolean;
  /** The outer form field that asks for a ticket; undefined: the claim inside. */
  tgt: string | undefined;
  attributes: 'Attributes' | 'attributes';
  /** More in the body that asks for a nonce. */
  nonceExtra: string;
  /** One nonce for the assertion and the request around it, or one for each. */
  nonces: 1 | 2;
  /** The alphabet of the JWS segments. */
  base64: 'base64url' | 'base64';
}

const plain: Flavour = {
  x5c: 'array',
  kdf: 2,
  content: 'GCM',
  contentType: true,
  percentEncoded: true,
  tgt: 'true',
  attributes: 'attributes',
  nonceExtra: '',
  nonces: 1,
  base64: 'base64url',
};

export const FLAVOURS = {
  newest: plain,
  'as ROADtools speaks': {
    ...plain,
    x5c: 'string',
    content: 'by IV length',
    tgt: 'True',
    attributes: 'Attributes',
    nonces: 2,
  },
  'as libhimmelblau speaks': {
    ...plain,
    kdf: 1,
    content: 'CBC',
    contentType: false,
    percentEncoded: false,
  },
  'as AADInternals speaks': {
    ...plain,
    x5c: 'string',
    kdf: 1,
    content: 'CBC',
    attributes: 'Attributes',
    nonceExtra: '&windows_api_version=2.0&client_id=38aa3b87-a06d-4817-b275-7a316988d93b',
  },
  'a ticket asked for inside, segments padded': { ...plain, tgt: undefined, base64: 'base64' },
} satisfies Record<string, Flavour>;

/** The members of a form; unencoded as some send it, which only works while no value needs it. */
export function form(fields: Record<string, string>, { percentEncoded }: Flavour): string {
  if (percentEncoded) return new URLSearchParams(fields).toString();
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

export const contentType = ({ contentType: sent }: Flavour): Record<string, string> =>
  sent ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
