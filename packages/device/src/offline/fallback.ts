/** Signing in, wherever the tenant is: with it, and where it cannot be reached, with what the last sign-in left. */
import { DeviceError } from '../errors/device-error.ts';
import type { SignInResult } from '../sign-in/keep.ts';
import { type SignInOptions, signIn } from '../sign-in/sign-in.ts';
import { type Unlocked, unlock } from './unlock.ts';

export type AnySignIn = ({ mode: 'online' } & SignInResult) | ({ mode: 'offline' } & Unlocked);

export interface AnySignInOptions extends SignInOptions {
  /** Ask nobody: offline at once. */
  offline?: boolean;
}

/**
 * A refusal is never gone around: only where nothing answers at the tenant's address is the cache opened. Where there is
 * none either, what was tried first is told, with what would have helped.
 *
 * @throws DeviceError as `signIn` and `unlock` do
 */
export async function signInAnywhere(options: AnySignInOptions): Promise<AnySignIn> {
  if (options.offline) return { mode: 'offline', ...(await unlock(options)) };
  try {
    return { mode: 'online', ...(await signIn(options)) };
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== 'tenant-unreachable') throw error;
    const unlocked = await unlock(options).catch((failed: unknown) => {
      if (!(failed instanceof DeviceError) || failed.code !== 'offline-no-cache') throw failed;
      // What stands in the way is the tenant's silence; that nothing is kept here explains why it matters.
      const words = `${error.message} ${failed.message} ${failed.next}`;
      throw new DeviceError(error.code, { message: words, details: error.details, cause: error });
    });
    return { mode: 'offline', ...unlocked };
  }
}
