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

/** `aaGuid` as the keys claim: whether it is proven stands with each key. */
export interface ModelCount {
  aaGuid: string;
  model: string | null;
  keys: number;
  users: number;
}
