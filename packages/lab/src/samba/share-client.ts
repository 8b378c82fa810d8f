/** Reads a share as any program of this machine would: smbclient with a Kerberos ticket cache, nothing else. */
import { type RunResult, runProgram } from './program.ts';

/**
 * Reads one file of a share.
 *
 * @param options.ccache the credential cache, as KRB5CCNAME wants it (FILE:/path)
 * @returns the file's text in `stdout`
 * @throws SambaError program-failed: `stderr` and `stdout` of its details hold the NT status
 */
export function readShareFile(options: {
  address: string;
  fqdn: string;
  share: string;
  file: string;
  ccache: string;
  krb5Conf: string;
}): Promise<RunResult> {
  const { address, fqdn, share, file, ccache, krb5Conf } = options;
  return runProgram(
    'smbclient',
    [
      ...['--configfile=/dev/null', '--use-kerberos=required', '--no-pass', '-I', address],
      ...[`//${fqdn}/${share}`, '-c', `get "${file}" -`],
    ],
    { env: { ...process.env, KRB5_CONFIG: krb5Conf, KRB5CCNAME: ccache } },
  );
}
