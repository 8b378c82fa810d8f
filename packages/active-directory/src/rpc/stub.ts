/** The stub of an answer, as it comes out of DCE/RPC. */
import { NdrReader } from '@kennel/kerberos';
import { ActiveDirectoryError } from '../errors.ts';

/** @throws ActiveDirectoryError `rpc-malformed` by each method of the reader */
export const readStub = (stub: Uint8Array) =>
  new NdrReader(
    stub,
    (what) =>
      new ActiveDirectoryError(
        'rpc-malformed',
        "The domain controller's answer is malformed. Try another domain controller.",
        { what },
      ),
  );
