/**
 * Debian's Firefox, headless, with virtual authenticators (WebDriver's WebAuthn commands), spoken to by its own protocol:
 * Marionette, JSON arrays after their length. It takes any certificate.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopProcess } from './kennel.ts';
import { firefoxPath } from './peers.ts';

/** Where this is on, virtual keys are not asked. */
const REAL_KEYS = 'security.webauth.webauthn_enable_usbtoken';
const PREFERENCES = {
  'marionette.port': 0, // any that is free; it then stands in a file of the profile
  'security.webauth.webauthn_enable_softtoken': true,
  [REAL_KEYS]: false,
  'security.webauthn.allow_with_certificate_override': true,
  // Firefox asks whether the page may see the make and model of a key, in a panel that WebDriver cannot answer
  'security.webauthn.always_allow_direct_attestation': true,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};
const WAIT_MS = 20_000;
/** Under which WebDriver hands out an element. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** As WebDriver names them; a key that consents is one that is touched. */
export interface FirefoxKey {
  protocol?: 'ctap2' | 'ctap1/u2f';
  transport?: 'usb' | 'internal';
  hasResidentKey?: boolean;
  hasUserVerification?: boolean;
  isUserVerified?: boolean;
  isUserConsenting?: boolean;
}
const FULL = {
  protocol: 'ctap2',
  transport: 'usb',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  isUserConsenting: true,
} as const;

export class Firefox {
  readonly #profile: string;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (error: unknown, result: unknown) => void>();
  #received = Buffer.alloc(0);
  #sent = 0;

  private constructor(profile: string, child: ChildProcess, socket: Socket) {
    this.#profile = profile;
    this.#child = child;
    this.#socket = socket;
    socket.on('data', (bytes) => this.#read(bytes));
  }

  static async start(): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), 'kennel-firefox-'));
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    const args = ['--headless', '--no-remote', '--marionette', '--remote-allow-system-access'];
    const child = spawn(firefoxPath() ?? 'firefox-esr', [...args, '--profile', profile], { stdio: 'ignore' });
    const port = await portOf(profile, child);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect(port, '127.0.0.1').once('connect', resolve).once('error', reject);
    await promise;
    const firefox = new Firefox(profile, child, socket);
    await firefox.#ask('WebDriver:NewSession', {
      acceptInsecureCerts: true,
      timeouts: { implicit: WAIT_MS },
    });
    return firefox;
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await stopProcess(this.#child, 'SIGTERM');
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  open(url: string): Promise<unknown> {
    return this.#ask('WebDriver:Navigate', { url });
  }

  /** Forgets who is signed in. */
  forget(): Promise<unknown> {
    return this.#ask('WebDriver:DeleteAllCookies', {});
  }

  /** A button or a link, by what it says or is called. */
  async click(name: string): Promise<void> {
    const quoted = JSON.stringify(name);
    const xpath = `//*[self::button or self::a or self::summary][normalize-space()=${quoted} or @aria-label=${quoted}]`;
    await this.#ask('WebDriver:ElementClick', { id: await this.#find('xpath', xpath) });
  }

  /** The same in the dialog that is open. */
  async clickInDialog(name: string): Promise<void> {
    const xpath = `//*[@role="dialog"]//button[normalize-space()=${JSON.stringify(name)}]`;
    await this.#ask('WebDriver:ElementClick', { id: await this.#find('xpath', xpath) });
  }

  async fill(selector: string, text: string): Promise<void> {
    const id = await this.#find('css selector', selector);
    await this.#ask('WebDriver:ElementClear', { id });
    await this.#ask('WebDriver:ElementSendKeys', { id, text });
  }

  /** Waits for the heading of a page. */
  async heading(text: string): Promise<void> {
    await this.#find('xpath', `//h1[normalize-space()=${JSON.stringify(text)}]`);
  }

  /** Waits until something says this, and answers with all that it says. */
  async see(text: string, within = '*'): Promise<string> {
    const quoted = JSON.stringify(text);
    const xpath = `//${within}[contains(normalize-space(), ${quoted})]`;
    const id = await this.#find('xpath', xpath);
    return String(await this.#ask('WebDriver:GetElementText', { id }));
  }

  /** Title, text and trace id of the error that is shown. */
  error(): Promise<string> {
    return this.see('Trace id', '*[@role="alert" and not(@hidden)]');
  }

  /** @param script the body of a function, run in the page */
  run(script: string): Promise<unknown> {
    return this.#ask('WebDriver:ExecuteScript', { script, args: [] });
  }

  /** @returns what takes it out again */
  async plugIn(key: FirefoxKey = {}): Promise<() => Promise<unknown>> {
    const authenticatorId = await this.#ask('WebAuthn:AddVirtualAuthenticator', { ...FULL, ...key });
    return () => this.#ask('WebAuthn:RemoveVirtualAuthenticator', { authenticatorId });
  }

  /** From now on no virtual key is there: the browser waits for a real one, with a panel of its own. */
  unplugAll(): Promise<unknown> {
    return this.#inBrowser(`Services.prefs.setBoolPref('${REAL_KEYS}', true)`);
  }

  /** Presses the button of the browser's own panel, once that is there. @returns what the button says */
  async pressPanel(): Promise<unknown> {
    for (let waited = 0; waited < WAIT_MS; waited += 100) {
      const pressed = await this.#inBrowser(`
        const { PopupNotifications } = Services.wm.getMostRecentWindow('navigator:browser');
        const button = PopupNotifications.panel.querySelector('.popup-notification-primary-button');
        if (!PopupNotifications.isPanelOpen || button === null) return null;
        button.click();
        return button.label`);
      if (pressed !== null) return pressed;
      await sleep(100);
    }
    throw new Error('Firefox shows no panel');
  }

  /** What pages of this address complained about: a policy that is broken, a script that fails. */
  async complaints(url: string): Promise<string[]> {
    const found = await this.#inBrowser(
      `return Services.console.getMessageArray()
        .filter((one) => one instanceof Ci.nsIScriptError && one.sourceName.startsWith(arguments[0]))
        .map((one) => one.category + ': ' + one.errorMessage)`,
      url,
    );
    return found as string[]; // as the script makes it
  }

  /** Runs in the browser itself, beside the pages. */
  async #inBrowser(script: string, ...args: string[]): Promise<unknown> {
    await this.#ask('Marionette:SetContext', { value: 'chrome' });
    try {
      return await this.#ask('WebDriver:ExecuteScript', { script, args });
    } finally {
      await this.#ask('Marionette:SetContext', { value: 'content' });
    }
  }

  async #find(using: string, value: string): Promise<string> {
    const found = await this.#ask('WebDriver:FindElement', { using, value }).catch(async (error: unknown) => {
      throw new Error(`${value} is not on the page: ${await this.run('return document.body.innerText')}`, {
        cause: error,
      });
    });
    return (found as Record<string, string>)[ELEMENT] ?? ''; // an element is an object of this one member
  }

  async #ask(command: string, parameters: object): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++this.#sent;
    this.#waiting.set(id, (error, result) => {
      if (error === null) resolve(result);
      else reject(new Error(`${command}: ${JSON.stringify(error).slice(0, 500)}`));
    });
    const text = JSON.stringify([0, id, command, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    const answer = await promise;
    const isBare = typeof answer === 'object' && answer !== null && 'value' in answer;
    return isBare ? answer.value : answer;
  }

  #read(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const colon = this.#received.indexOf(':');
      const end = colon + 1 + Number(this.#received.subarray(0, Math.max(colon, 0)).toString());
      if (colon < 1 || this.#received.length < end) return;
      const message: unknown = JSON.parse(this.#received.subarray(colon + 1, end).toString());
      this.#received = this.#received.subarray(end);
      if (Array.isArray(message)) this.#waiting.get(message[1])?.(message[2], message[3]); // else it is the greeting
    }
  }
}

/** Where it listens, once it does. */
async function portOf(profile: string, child: ChildProcess): Promise<number> {
  for (let waited = 0; waited < 60_000 && child.exitCode === null; waited += 100) {
    try {
      return (
        Number(readFileSync(join(profile, 'MarionetteActivePort'), 'utf8')) || Promise.reject(new Error())
      );
    } catch {
      await sleep(100);
    }
  }
  throw new Error('Firefox does not start');
}
