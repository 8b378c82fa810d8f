/**
 * The stand-ins as programs: processes that start at once, since each only speaks for a tool that waits in the test's
 * own process. A shell relays line by line: it says what it was called with, then does as it is told.
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fakeTool } from './fake-tool.ts';

const LINES = /[\\\n]/g;
/** What `printf %b` makes the text of again. */
const escaped = (text: string) => text.replaceAll(LINES, (found) => (found === '\n' ? '\\n' : '\\\\'));

/** Standing by for tools that are started; `body` is the shell script of one. */
export async function serveFakeTools() {
  const server = createServer((socket) => void speakFor(socket));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as { port: number }; // it listens at a port
  return {
    body: (tool: string, plugged: readonly string[]) => `
exec 3<>/dev/tcp/127.0.0.1/${port}
printf '%s\\n' ${tool} '${plugged.join(':')}' "$#" "$@" >&3
while IFS= read -r told <&3; do
  case $told in
    o*) printf '%b' "\${told#o}" ;;
    e*) printf '%b' "\${told#e}" >&2 ;;
    r) said=; IFS= read -r said; printf '%s\\n' "$said" >&3 ;;
    x*) exit "\${told#x}" ;;
  esac
done
exit 1`,
    close: () => {
      server.close();
    },
  };
}

async function speakFor(socket: Socket): Promise<void> {
  const killed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined); // as when it is killed
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value ?? '';
  const [tool, plugged] = [await next(), await next()];
  const args: string[] = [];
  for (let left = Number(await next()); left > 0; left--) args.push(await next());
  const exitCode = await fakeTool({
    ...{ tool, args, killed },
    plugged: plugged.split(':').filter(Boolean),
    line: () => {
      socket.write('r\n');
      return next();
    },
    print: (text) => socket.write(`o${escaped(text)}\n`),
    complain: (text) => socket.write(`e${escaped(text)}\n`),
  });
  socket.end(`x${exitCode}\n`);
}
