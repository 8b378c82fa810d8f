/** What record.py recorded from Samba, read. */
import { readFileSync } from 'node:fs';

type Line = [string, string] | [string, number, string];
interface Recording {
  endpointMapper: { wire: Line[]; stubs: Line[]; binding: string };
  replication: { wire: Line[]; stubs: Line[]; sessionKey: string; objectDn: string };
  absentObject: { stubs: Line[] };
  keytab: { kvno: number; aes256: string };
}

// The file is written by record.py in this shape.
const recording = JSON.parse(
  readFileSync(new URL('../vectors/samba/krbtgt.json', import.meta.url), 'utf8'),
) as Recording;

const bytes = (line: Line | undefined): Buffer => Buffer.from(String(line?.at(-1)), 'hex');
const { replication, absentObject, endpointMapper, keytab } = recording;

export const RECORDED = {
  /** The fragments that the endpoint mapper sent: bind_ack, response. */
  eptFragments: endpointMapper.wire.filter(([from]) => from === 'server').map(bytes),
  eptPort: Number(/\[(\d+)\]/.exec(endpointMapper.binding)?.[1]),
  eptRequest: bytes(endpointMapper.stubs[0]),
  eptResponse: bytes(endpointMapper.stubs[1]),
  /** bind_ack of DRSUAPI, with NTLM's challenge. */
  drsBindAck: bytes(replication.wire[1]),
  drsBindRequest: bytes(replication.stubs[0]),
  drsBindResponse: bytes(replication.stubs[1]),
  changesRequest: bytes(replication.stubs[2]),
  changesResponse: bytes(replication.stubs[3]),
  absentResponse: bytes(absentObject.stubs[1]),
  sessionKey: Buffer.from(replication.sessionKey, 'hex'),
  objectDn: replication.objectDn,
  keytab: { kvno: keytab.kvno, aes256: Buffer.from(keytab.aes256, 'hex') },
};
