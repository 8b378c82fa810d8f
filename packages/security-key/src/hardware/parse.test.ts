/** What libfido2's tools print, recorded where that could be: see vectors/fido2-tools-1.12/README.md. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCbor, Members } from '../cbor.ts';
import { errorForStatus, SecurityKeyError } from '../error.ts';
import { failure } from '../software/testing.ts';
import { parseCredentials, parseRps } from './credentials.ts';
import { parseDevices } from './devices.ts';
import { parseInfo } from './info.ts';
import { readCredential } from './make-credential.ts';
import { CTAP_NAMES, errorOfTool, LIBRARY_NAMES } from './tool-error.ts';
import { signerInTrace } from './trace.ts';

const folder = new URL('../../vectors/fido2-tools-1.12/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));

describe('the list of keys', () => {
  it('is read, with paths and names that hold spaces and parentheses', () => {
    expect(parseDevices('')).toEqual([]);
    expect(parseDevices(read('recorded/list.txt'))).toEqual([
      { path: '/run/key.sock', vendorId: 0, productId: 0, name: 'Kennel Software key' },
    ]);
    expect(parseDevices(read('written/list.txt'))).toEqual([
      { path: '/dev/hidraw3', vendorId: 0x1050, productId: 0x0407, name: 'Yubico YubiKey OTP+FIDO+CCID' },
      { path: '/dev/hidraw5', vendorId: 0x18d1, productId: 0x9470, name: '' },
      { path: 'ioreg://4295287019 (1)', vendorId: 0x096e, productId: 0x0858, name: 'FT BioPass FIDO2 (USB)' },
    ]);
  });

  it('shows no control character of a name', () => {
    const [device] = parseDevices('/dev/hidraw0: vendor=0x0001, product=0x0002 (Key \u001b[2J\u202e)\n');
    expect(device?.name).toBe('Key \ufffd[2J\ufffd');
  });
});

describe('the information of a key', () => {
  it('is read', () => {
    const { info, pinRetries } = parseInfo(read('written/info-hardware.txt'));
    expect(info).toEqual({
      aaguid: '2fc0579f-8113-47ea-b116-bb5a8db9202a',
      versions: ['U2F_V2', 'FIDO_2_0', 'FIDO_2_1_PRE'],
      extensions: ['credProtect', 'hmac-secret'],
      options: {
        rk: true,
        up: true,
        plat: false,
        clientPin: true,
        credentialMgmtPreview: true,
        makeCredUvNotRqd: false,
        noMcGaPermissionsWithClientPin: true,
      },
      clientPinSet: true,
      pinProtocols: [2, 1],
      algorithms: [-7, -8],
      transports: ['nfc', 'usb'],
      maxMsgSize: 1200,
      minPinLength: 6,
      pinChangeNeeded: true,
    });
    expect(pinRetries).toBe(8);
    expect(parseInfo(read('recorded/info.txt')).info).toMatchObject({ versions: ['FIDO_2_0', 'FIDO_2_1'] });
  });

  it('of a key that knows U2F alone has no versions', () => {
    const { info, pinRetries } = parseInfo(read('written/info-u2f.txt'));
    expect(info).toMatchObject({ versions: [], clientPinSet: false });
    expect(pinRetries).toBeUndefined();
  });

  it.each(['', 'hello\n', 'proto: 0x02\naaguid: xyz\n', 'proto: 0x02\nmaxmsgsiz: -5\n'])(
    'is not %j',
    (text) => {
      expect(() => parseInfo(text)).toThrow(failure('protocol-error'));
    },
  );
});

describe('resident credentials', () => {
  it('are read in each form of a line', () => {
    expect(parseRps(read('recorded/sites.txt'))).toEqual(['kennel.test', 'other.test']);
    const handles = (name: string) =>
      parseCredentials(read(name), 'kennel.test').map(({ userHandle, userDisplayName }) => [
        Buffer.from(userHandle).toString(),
        userDisplayName,
      ]);
    expect(handles('recorded/credentials.txt')).toEqual([['alice', undefined]]);
    expect(handles('written/credentials-older.txt')).toEqual([['alice', 'Alice Example']]);
    expect(handles('written/credentials.txt')).toEqual([
      ['alice', 'Alice (the first) of es256'],
      ['bob', 'Bob'],
    ]);
  });

  it('cannot be forged by a name with a line break', () => {
    const [first = '', second = ''] = read('written/credentials.txt').split('\n');
    for (const text of [`${second}\n${first}\n`, `${first}\n${first}\n`, `${first}\nmore\n`]) {
      expect(() => parseCredentials(text, 'kennel.test')).toThrow(failure('protocol-error'));
    }
  });
});

describe('a credential', () => {
  const output = read('recorded/credential.txt');
  const request = { clientDataHash: new Uint8Array(32), rpId: 'other.test' };
  const statement = (text: string) => {
    const object = new Members(decodeCbor(readCredential(text, request, -7).attestationObject));
    return [object.text('fmt'), object.value('attStmt')];
  };
  const [, , , , id = '', sig = ''] = output.split('\n');

  it('has the attestation object that the lines tell of', () => {
    expect(readCredential(output, request, -7).credentialId).toEqual(bytes(id));
    const self = new Map<string, unknown>([
      ['alg', -7],
      ['sig', bytes(sig)],
    ]);
    expect(statement(output)).toEqual(['packed', self]);
    const certificate = read('written/attestation-certificate.txt');
    const x5c = [bytes(certificate)];
    // An Ed25519 credential under a P-256 certificate: the algorithm is the certificate's.
    const object = readCredential(output + certificate, request, -8).attestationObject;
    expect(new Members(decodeCbor(object)).value('attStmt')).toEqual(new Map([...self, ['x5c', x5c]]));
    expect(statement(output.replace('packed', 'fido-u2f') + certificate)).toEqual([
      'fido-u2f',
      new Map<string, unknown>([
        ['sig', bytes(sig)],
        ['x5c', x5c],
      ]),
    ]);
    expect(statement(output.replace('packed', 'none'))).toEqual(['none', new Map()]);
  });

  it.each([
    ['another site', output.replace('other.test', 'kennel.test'), 'protocol-error'],
    ['another client data hash', output.replace(/^AAAA/, 'BAAA'), 'protocol-error'],
    ['another id', output.replace(id, `AAAA${id.slice(4)}`), 'protocol-error'],
    ['no signature', output.replace(sig, ''), 'protocol-error'],
    ['no certificate', `${output}AAAA\n`, 'protocol-error'],
    ['a format that is not printed whole', output.replace('packed', 'tpm'), 'unsupported-option'],
    ['U2F without a certificate', output.replace('packed', 'fido-u2f'), 'unsupported-option'],
  ])('is refused with %s', (_, text, code) => {
    expect(() => readCredential(text, request, -7)).toThrow(failure(code));
  });

  it('is refused where the key says that the user was not verified', () => {
    const [, , , authData = ''] = output.split('\n');
    const changed = Buffer.from(authData, 'base64');
    changed.writeUInt8(changed.readUInt8(34) & ~0x04, 34); // flags, behind the head of the byte string
    const text = output.replace(authData, changed.toString('base64'));
    expect(() => readCredential(text, request, -7)).toThrow(failure('protocol-error', /verify the user/));
  });

  it('is refused or read, whatever was done to the lines', () => {
    const change = fc.record({
      at: fc.nat(output.length - 1),
      with: fc.string({ maxLength: 3, unit: 'binary' }),
    });
    fc.assert(
      fc.property(change, (one) => {
        try {
          readCredential(output.slice(0, one.at) + one.with + output.slice(one.at + 1), request, -7);
        } catch (error) {
          expect(error).toBeInstanceOf(SecurityKeyError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the trace', () => {
  const [, , , signature = ''] = read('recorded/assertion.txt').split('\n');
  const trace = read('recorded/trace.txt');

  it('tells who made a signature', () => {
    expect(signerInTrace(trace, bytes(signature))).toEqual({
      credentialId: bytes(read('recorded/credential.txt').split('\n')[4] ?? ''),
      userHandle: Uint8Array.from(Buffer.from('bob')),
    });
  });

  it('tells nothing of another signature, nor where it is cut or changed', () => {
    expect(signerInTrace(trace, bytes(signature).fill(0, 70))).toBeUndefined();
    expect(signerInTrace('', bytes(signature))).toBeUndefined();
    expect(signerInTrace(trace.slice(0, 500), bytes(signature))).toBeUndefined();
    expect(signerInTrace(trace.replace('len=180', 'len=99999'), bytes(signature))).toBeUndefined();
    expect(signerInTrace(trace.replace('0000: 00', '0000: 2e'), bytes(signature))).toBeUndefined();
  });
});

describe('errors', () => {
  it.each(['token', 'cred', 'assert'])('of fido2-%s with no key plugged in', (tool) => {
    const error = errorOfTool(`fido2-${tool}`, 1, read(`recorded/no-key-${tool}.txt`));
    expect(error).toEqual(failure('key-unreachable', /plugged in/));
  });

  it('have words for every name, and the same as for the status', () => {
    for (const [name, status] of CTAP_NAMES) {
      const error = errorOfTool(
        'fido2-assert',
        1,
        `Enter PIN for x: fido2-assert: fido_dev_get_assert: ${name}\n`,
      );
      const { code, message } = errorForStatus(status, 0);
      expect([name, error.code, error.message]).toEqual([name, code, message]);
    }
    for (const [name, [code]] of LIBRARY_NAMES) {
      expect(errorOfTool('fido2-cred', 1, `fido2-cred: fido_dev_make_cred: ${name} (0x1)`)).toEqual(
        failure(code),
      );
    }
    expect(new Set(CTAP_NAMES.values()).size).toBe(CTAP_NAMES.size);
  });

  it('are told apart where a person can do something', () => {
    const code = (name: string) => errorOfTool('fido2-token', 1, `fido2-token: f: FIDO_ERR_${name}`).code;
    expect(
      ['PIN_INVALID', 'PIN_AUTH_BLOCKED', 'PIN_BLOCKED', 'PIN_NOT_SET', 'PIN_POLICY_VIOLATION'].map(code),
    ).toEqual(['pin-invalid', 'pin-auth-blocked', 'pin-blocked', 'pin-not-set', 'pin-policy-violation']);
    expect(['ACTION_TIMEOUT', 'OPERATION_DENIED', 'KEEPALIVE_CANCEL', 'CHANNEL_BUSY'].map(code)).toEqual([
      'touch-timeout',
      'touch-denied',
      'cancelled',
      'key-busy',
    ]);
    expect(['KEY_STORE_FULL', 'INVALID_COMMAND', 'UV_BLOCKED', 'TX'].map(code)).toEqual([
      'key-store-full',
      'unsupported-option',
      'uv-blocked',
      'key-unreachable',
    ]);
    expect(errorOfTool('fido2-token', null, '')).toEqual(failure('key-error'));
  });
});
