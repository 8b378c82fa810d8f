/** A user with a software key, enrolled as an administrator does it: account, PIN, registration. */
import { join } from 'node:path';
import {
  connectSoftwareKey,
  createCredentialJson,
  type SecurityKey,
  serveSoftwareKey,
} from '@kennel/security-key';
import type { AdminClient } from '@kennel/tenant';

/** Of keys that live as long as a lab does. */
export const LAB_PIN = '271828';

export interface NewScriptedUser {
  admin: AdminClient;
  /** Folder for the key's socket and memory. */
  home: string;
  /** sAMAccountName, and the user principal name before the @. */
  name: string;
  displayName?: string;
  sid: string;
  dnsDomainName: string;
}

export interface ScriptedUser {
  name: string;
  upn: string;
  key: SecurityKey;
  pin: string;
  keySocket: string;
  /** Pulls the key out; its memory stays. */
  unplug(): Promise<void>;
}

/** Plugs in a new software key and gives it a PIN. */
export async function plugInKey(
  home: string,
  name: string,
): Promise<Pick<ScriptedUser, 'key' | 'pin' | 'keySocket' | 'unplug'>> {
  const keySocket = join(home, `${name}.key.sock`);
  const served = await serveSoftwareKey({ socketPath: keySocket, statePath: join(home, `${name}.key.json`) });
  const key = await connectSoftwareKey(keySocket);
  if (!(await key.info()).clientPinSet) await key.setPin(LAB_PIN);
  return {
    key,
    pin: LAB_PIN,
    keySocket,
    unplug: async () => {
      await key.close();
      await served.close();
    },
  };
}

/** Registers a key that is plugged in for a user. */
export async function registerKey(
  admin: AdminClient,
  user: string,
  { key, pin }: Pick<ScriptedUser, 'key' | 'pin'>,
): Promise<void> {
  const { publicKey, origin } = await admin.keys.options(user);
  const credential = await createCredentialJson(key, publicKey, origin, pin);
  await admin.keys.register(user, { displayName: `${user}'s key`, credential });
}

/** Adds the user to the tenant and registers a key for them. */
export async function enrolUser(user: NewScriptedUser): Promise<ScriptedUser> {
  const { admin, name, displayName, sid, dnsDomainName } = user;
  await admin.users.create({
    userPrincipalName: `${name}@${dnsDomainName}`,
    displayName: displayName ?? name,
    onPremisesSecurityIdentifier: sid,
    onPremisesSamAccountName: name,
    onPremisesDomainName: dnsDomainName,
  });
  return equipUser(user);
}

/** Registers a key for a user whom the tenant knows, by sync for example. */
export async function equipUser({
  admin,
  home,
  name,
  dnsDomainName,
}: Pick<NewScriptedUser, 'admin' | 'home' | 'name' | 'dnsDomainName'>): Promise<ScriptedUser> {
  const plugged = await plugInKey(home, name);
  await registerKey(admin, name, plugged);
  return { name, upn: `${name}@${dnsDomainName}`, ...plugged };
}
