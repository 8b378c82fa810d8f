/**
 * Runs one of libfido2's tools (fido2-token, fido2-cred, fido2-assert): their prompts answered, their time and their
 * output bounded, killed on cancel. A tool asks for PINs at its terminal, or on standard input where it has none; in
 * a session of its own it has none. So a PIN passes through one pipe, after the tool has asked for it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { SecurityKeyError } from '../error.ts';
import { errorOfTool } from './tool-error.ts';

export type Tool = 'fido2-token' | 'fido2-cred' | 'fido2-assert';

/** Bytes that a tool may say, its trace included: a hundred assertions, dumped twice in hexadecimal. */
const MAX_OUTPUT = 4 * 1024 * 1024;
/** Milliseconds that a tool works on without a word before the person is asked for a touch. */
const TOUCH_HINT = 300;

/** What a tool may ask, in the words of libfido2 1.12: `same` is the new PIN once more. */
export type Prompt = 'PIN' | 'current PIN' | 'new PIN' | 'same PIN';
const PROMPT = /Enter (?:(PIN|current PIN|new PIN) for [^\n]*|the (same PIN) again): $/;

export interface ToolContext {
  /** Directory of the tools; where `PATH` finds them unless given. */
  readonly toolDirectory?: string | undefined;
  readonly onTouchNeeded?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that a tool may take where nobody needs to be waited for, and where a touch is. */
  readonly answerTimeout: number;
  readonly touchTimeout: number;
}

export interface ToolRun {
  readonly tool: Tool;
  /** Never a secret: every user of the machine sees them. */
  readonly arguments: readonly string[];
  /** Lines for standard input. */
  readonly input?: readonly string[];
  /** Each is given once. */
  readonly pins?: Readonly<Partial<Record<Prompt, string>>>;
  readonly touch?: boolean;
}

export interface ToolOutput {
  readonly stdout: string;
  /** Prompts, and the trace where one was asked for: never to be logged. */
  readonly stderr: string;
}

/**
 * Run a tool to its end.
 * Throws SecurityKeyError: `tools-missing`, `cancelled`, `key-unreachable` for one that hangs, `protocol-error` for one
 * that says too much or asks for what it was not given, and what the key's refusal means.
 */
export async function runTool(run: ToolRun, context: ToolContext): Promise<ToolOutput> {
  if (context.signal?.aborted) throw cancelled();
  const conversation = new Conversation(run, context);
  return conversation.end;
}

class Conversation {
  readonly end: Promise<ToolOutput>;
  readonly #run: ToolRun;
  readonly #child: ChildProcess;
  readonly #onTouchNeeded: (() => void) | undefined;
  #touchTold: boolean;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #given = new Set<Prompt>();
  #bytes = 0;
  /** What standard error said since the last answer; prompts are at its end. */
  #asked = '';
  #failure: SecurityKeyError | undefined;
  #touchHint: NodeJS.Timeout | undefined;

  constructor(run: ToolRun, context: ToolContext) {
    this.#run = run;
    this.#onTouchNeeded = run.touch ? context.onTouchNeeded : undefined;
    this.#touchTold = this.#onTouchNeeded === undefined; // nothing to tell
    const program = context.toolDirectory ? join(context.toolDirectory, run.tool) : run.tool;
    // `detached` is setsid(2): a session of its own, without our terminal.
    this.#child = spawn(program, run.arguments, { detached: true, stdio: 'pipe' });
    const { promise, resolve, reject } = Promise.withResolvers<ToolOutput>();
    this.end = promise;

    const limit = run.touch ? context.touchTimeout : context.answerTimeout;
    const timer = setTimeout(() => this.#kill(hangs(run.tool, limit)), limit);
    const abort = () => this.#kill(cancelled());
    context.signal?.addEventListener('abort', abort, { once: true });

    this.#child.stdout?.on('data', (chunk: Buffer) => this.#take(this.#stdout, chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#take(this.#stderr, chunk));
    this.#child.stdin?.on('error', () => undefined); // a tool may end without reading; its exit code says why
    this.#child.on('error', (error) => {
      this.#failure ??= missing(run.tool, error);
    });
    this.#child.on('close', (exitCode) => {
      clearTimeout(timer);
      clearTimeout(this.#touchHint);
      context.signal?.removeEventListener('abort', abort);
      const output = { stdout: text(this.#stdout), stderr: text(this.#stderr) };
      if (this.#failure) reject(this.#failure);
      else if (exitCode === 0) resolve(output);
      else reject(errorOfTool(run.tool, exitCode, output.stderr));
    });
    if (run.input) this.#child.stdin?.write(run.input.map((line) => `${line}\n`).join(''));
    this.#armTouchHint();
  }

  #take(into: Buffer[], chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_OUTPUT) {
      this.#kill(
        new SecurityKeyError('protocol-error', `${this.#run.tool} says too much; try again.`, {
          tool: this.#run.tool,
        }),
      );
      return;
    }
    into.push(chunk);
    this.#armTouchHint();
    if (into === this.#stderr) this.#answer(chunk);
  }

  #answer(chunk: Buffer): void {
    this.#asked = (this.#asked + chunk.toString('latin1')).slice(-2048);
    const found = PROMPT.exec(this.#asked);
    if (found === null) return;
    this.#asked = '';
    const prompt = (found[1] ?? found[2]) as Prompt; // one of the expression's alternatives
    const pin = this.#run.pins?.[prompt];
    if (pin === undefined || this.#given.has(prompt)) {
      const details = { tool: this.#run.tool, prompt };
      this.#kill(
        new SecurityKeyError(
          'protocol-error',
          `${this.#run.tool} asked for a ${prompt} out of turn.`,
          details,
        ),
      );
      return;
    }
    this.#given.add(prompt);
    this.#child.stdin?.write(`${pin}\n`);
  }

  /** The tools do not say that they wait for a touch; they fall silent. The person is told once. */
  #armTouchHint(): void {
    clearTimeout(this.#touchHint);
    if (this.#touchTold) return;
    this.#touchHint = setTimeout(() => {
      this.#touchTold = true;
      this.#onTouchNeeded?.();
    }, TOUCH_HINT);
  }

  #kill(failure: SecurityKeyError): void {
    this.#failure ??= failure;
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL'); // its whole session
    } catch (error) {
      // It has ended between the check and the signal.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString('utf8');

const cancelled = () =>
  new SecurityKeyError(
    'cancelled',
    'The request was cancelled. A key that still blinks stops by itself within half a minute; start again then.',
  );

const hangs = (tool: Tool, limit: number) =>
  new SecurityKeyError(
    'key-unreachable',
    `The security key did not answer within ${Math.ceil(limit / 1000)} s; take it out, put it in again and retry.`,
    { tool, milliseconds: limit },
  );

const missing = (tool: Tool, cause: unknown) =>
  new SecurityKeyError(
    'tools-missing',
    `${tool} cannot be started, and hardware keys need it; install libfido2's tools (package fido2-tools of Debian and Ubuntu, libfido2 elsewhere).`,
    { tool },
    cause,
  );
