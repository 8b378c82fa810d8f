/** The reports on security keys, as shown; times are ISO 8601 in UTC. */

/** A key that nobody used for a while. */
export interface UnusedKey {
  id: string;
  displayName: string;
  userId: string;
  userPrincipalName: string;
  aaGuid: string;
  model: string | null;
  createdOn: string;
  lastUsedOn: string | null;
}

/** A key that the policy of its user does not accept today: the next sign-in with it is refused. */
export interface RefusedKey extends UnusedKey {
  /** The code of the refusal. */
  reason: string;
}

/** A part of that report: what was found among the keys that were looked through, and behind which one to go on. */
export interface RefusedKeys {
  keys: RefusedKey[];
  /** Null where all were looked through. */
  after: string | null;
}

/** `aaGuid` as the keys claim: whether it is proven stands with each key. */
export interface ModelCount {
  aaGuid: string;
  model: string | null;
  keys: number;
  users: number;
}
