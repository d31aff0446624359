import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdFolder } from './guardian.ts';
import type { Account } from './server-process.ts';

/** A folder under the system's temporary one that goes with its owner, or at the latest with this process. */
export class TempFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(purpose: string, owner?: Account): Promise<TempFolder> {
    const path = await mkdtemp(join(tmpdir(), `freshet-${purpose}-`));
    holdFolder(path);
    if (owner !== undefined) await chown(path, owner.uid, owner.gid);
    return new TempFolder(path);
  }

  join(...parts: readonly string[]): string {
    return join(this.path, ...parts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}
