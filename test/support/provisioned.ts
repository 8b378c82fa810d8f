/** Before a run and after it: a folder for the Samba domains that its tests start from. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    provisionedIn: string;
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'kennel-provisioned-'));
  project.provide('provisionedIn', folder);
  return () => rmSync(folder, { recursive: true });
}
