/** authenticatorGetInfo (CTAP 2.1, section 6.4). */
import { type CborMap, cborMap } from '../cbor.ts';
import { ALGORITHM, LIMIT, SOFTWARE_KEY_AAGUID } from '../registry.ts';
import type { Context } from './session.ts';

/** The AAGUID's 16 bytes. */
export const AAGUID_BYTES: Uint8Array = Buffer.from(SOFTWARE_KEY_AAGUID.replaceAll('-', ''), 'hex');

export function getInfo({ key }: Context): CborMap {
  const { pin, credentials, pinChangeForced = false } = key.state.current;
  return cborMap([
    [0x01, ['FIDO_2_0', 'FIDO_2_1']],
    [0x02, ['credProtect', 'hmac-secret']],
    [0x03, AAGUID_BYTES],
    [
      0x04,
      cborMap([
        ['rk', true],
        ['up', true],
        ['plat', false],
        ['alwaysUv', true],
        ['credMgmt', true],
        ['authnrCfg', true],
        ['clientPin', pin !== undefined],
        ['setMinPINLength', true],
        ['pinUvAuthToken', true],
      ]),
    ],
    [0x05, LIMIT.MESSAGE],
    [0x06, [2, 1]],
    [0x07, LIMIT.CREDENTIALS_IN_LIST],
    [0x08, LIMIT.CREDENTIAL_ID],
    [
      0x0a,
      [ALGORITHM.ES256, ALGORITHM.EDDSA].map((alg) =>
        cborMap([
          ['alg', alg],
          ['type', 'public-key'],
        ]),
      ),
    ],
    [0x0c, pinChangeForced],
    [0x0d, LIMIT.PIN_MIN_CHARACTERS],
    [0x14, LIMIT.CREDENTIALS - credentials.length],
  ]);
}
