/** The state file and its lock: durable, private, never replaced in silence. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockState } from './lock.ts';
import { StateFile } from './state.ts';

let home: string;
let path: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kennel-state-'));
  path = join(home, 'key.json');
});
afterEach(() => rmSync(home, { recursive: true }));

const failure = (code: string) => expect.objectContaining({ name: 'SecurityKeyError', code });

describe('the state file', () => {
  it('starts fresh, keeps what is saved, mode 0600', () => {
    new StateFile(path).update({ signatureCounter: 7 });
    expect(new StateFile(path).current).toMatchObject({
      signatureCounter: 7,
      pinRetries: 8,
      credentials: [],
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is whole after a process died while writing the next one', () => {
    new StateFile(path).update({ signatureCounter: 7 });
    writeFileSync(`${path}.new`, '{"sha256":"', { mode: 0o644 });
    const file = new StateFile(path);
    expect(file.current.signatureCounter).toBe(7);
    file.update({ signatureCounter: 8 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  it('is refused and left alone when it is damaged', () => {
    new StateFile(path).update({ signatureCounter: 7 });
    const whole = readFileSync(path, 'utf8');
    const damaged = [
      '',
      '{}',
      'null',
      '[]',
      whole.slice(0, -3),
      whole.slice(0, whole.length / 2),
      whole.replace('"signatureCounter":7', '"signatureCounter":8'),
    ];
    for (const text of damaged) {
      writeFileSync(path, text);
      expect(() => new StateFile(path)).toThrow(failure('state-corrupt'));
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
    rmSync(path);
    expect(() => new StateFile(home)).toThrow(failure('state-corrupt')); // a directory
  });

  it('changes nothing in memory where it cannot be written', () => {
    const file = new StateFile(path);
    rmSync(home, { recursive: true });
    expect(() => file.update({ signatureCounter: 1 })).toThrow(failure('state-unwritable'));
    expect(file.current.signatureCounter).toBe(0);
    home = mkdtempSync(join(tmpdir(), 'kennel-state-'));
  });
});

describe('the lock', () => {
  it('is held once, and free again afterwards', () => {
    const unlock = lockState(path);
    expect(() => lockState(path)).toThrow(failure('state-in-use'));
    unlock();
    lockState(path)();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('is taken over from a process that is gone, not from one that runs', () => {
    writeFileSync(`${path}.lock`, '4194305'); // above Linux's largest pid
    lockState(path)();
    writeFileSync(`${path}.lock`, String(process.ppid));
    expect(() => lockState(path)).toThrow(failure('state-in-use'));
  });

  it('says so where the directory is not there', () => {
    expect(() => lockState(join(home, 'no', 'key.json'))).toThrow(failure('state-unwritable'));
  });
});
