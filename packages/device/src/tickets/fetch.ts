/** Fetching tickets after the sign-in: the partial TGT that was kept goes to a domain controller that answers now. */
import type { KdcAddress } from '@kennel/kerberos';
import { DeviceError } from '../errors/device-error.ts';
import { refreshOffline } from '../offline/keep.ts';
import { liveSecrets } from '../state/boot-key.ts';
import { readDevice, rememberKdc } from '../state/device.ts';
import { pickUser, writeUser } from '../state/user.ts';
import { type OnStep, stepper } from '../step.ts';
import { ccachePlace } from './ccache.ts';
import { isAt } from './collection.ts';
import { unsealPartialTgt } from './partial-tgt.ts';
import { redeem } from './redeem.ts';
import { fullTicket, isGood, type TicketState, ticketState } from './state.ts';

/** A domain controller refuses a partial TGT with so little left, in milliseconds. */
const PARTIAL_TGT_MARGIN = 120_000;

export interface FetchOptions {
  stateDir: string;
  /** Name of the user; the last one to sign in unless given. */
  user?: string;
  kdc?: KdcAddress;
  /** In place of the cache of the sign-in. */
  ccache?: string;
  /** This machine's clock; the system's unless given. */
  now?: () => Date;
  onStep?: OnStep;
}

/**
 * Makes sure of a full TGT, without the security key. Where there is a good one and none to fetch, nothing is done.
 *
 * @throws DeviceError `not-joined`, `not-signed-in`, and those of the state files; that there is no ticket to be
 *   had is no error but a result
 */
export async function fetchTickets(options: FetchOptions): Promise<TicketState> {
  const { stateDir, now = () => new Date() } = options;
  const joined = readDevice(stateDir);
  const found = pickUser(stateDir, options.user);
  const { ccacheOwner: _, ...elsewhere } = found;
  const record = options.ccache === undefined ? found : { ...elsewhere, ccache: ccachePlace(options.ccache) };
  const { partialTgt, ticket } = record;
  const tenantTime = now().getTime() + record.tenantTimeOffset;
  if (partialTgt === undefined || Date.parse(partialTgt.endTime) - tenantTime <= PARTIAL_TGT_MARGIN) {
    if (ticket && isAt(record.ccache, ticket.ccache) && isGood(ticket, now())) return fullTicket(ticket);
    if (partialTgt !== undefined) return none('partial-tgt-expired');
    return ticket === undefined ? ticketState(record) : none('no-partial-tgt');
  }
  const partial = unsealPartialTgt(
    liveSecrets(stateDir, joined.device.id),
    record.user.upn,
    partialTgt.sealed,
  );
  const kdcs = rememberKdc(stateDir, partialTgt.realm, options.kdc);
  const redeemed = await redeem(record, partial, {
    kdcs,
    now,
    step: stepper(options.onStep),
    primary: false,
  });
  writeUser(stateDir, redeemed.record);
  refreshOffline({ stateDir, device: joined, now }, record.user.upn);
  return ticketState(redeemed.record);
}

function none(code: DeviceError['code']): TicketState {
  const { message, next } = new DeviceError(code);
  return { state: 'none', code, message, next };
}
