/** What is plugged in, as `fido2-token -L` lists it. */
import { plainText } from '../plain-text.ts';
import { lines, unreadable } from './lines.ts';
import { runTool, type ToolContext } from './tool.ts';

/** A hardware key that the system sees. */
export interface HardwareKeyDevice {
  /** What opens it: /dev/hidraw3 on Linux; other systems have their own forms, some with spaces. */
  readonly path: string;
  /** USB numbers. */
  readonly vendorId: number;
  readonly productId: number;
  /** Manufacturer and product in its own words; empty where it has none. */
  readonly name: string;
}

const LINE = /^(.+): vendor=0x([0-9a-f]{4}), product=0x([0-9a-f]{4}) \((.*)\)$/;

/** Throws `tools-missing`, `protocol-error`. */
export async function listDevices(context: ToolContext): Promise<HardwareKeyDevice[]> {
  const { stdout } = await runTool({ tool: 'fido2-token', arguments: ['-L'] }, context);
  return parseDevices(stdout);
}

export function parseDevices(stdout: string): HardwareKeyDevice[] {
  return lines(stdout).map((line) => {
    const [, path, vendor = '', product = '', name = ''] = LINE.exec(line) ?? [];
    if (path === undefined) throw unreadable('fido2-token', 'list of keys');
    const [vendorId, productId] = [Number.parseInt(vendor, 16), Number.parseInt(product, 16)];
    return { path, vendorId, productId, name: plainText(name.trim()) };
  });
}
