import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { holdProcess, spareProcess } from './guardian.ts';
import { waitFor } from './wait-for.ts';

/** Who a child process runs as; only root can choose. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface LaunchOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly account?: Account | undefined;
}

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const KEPT_LOG_LINES = 5_000;

/**
 * A child that does not outlive this process, with what it said. It has a process group of its own, so that Ctrl-C in
 * a terminal reaches only this process, which then stops its children in the right order.
 */
export class ServerProcess {
  readonly name: string;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: string[] = [];
  readonly #exited: Promise<Exit>;
  #exit: Exit | undefined;

  private constructor(name: string, child: ChildProcessByStdio<null, Readable, Readable>) {
    this.name = name;
    this.#child = child;
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        this.#lines.push(line);
        if (this.#lines.length > KEPT_LOG_LINES) this.#lines.shift();
      });
    }
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        spareProcess(this.pid);
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  static async launch(
    name: string,
    { command, args, env, cwd, account }: LaunchOptions,
  ): Promise<ServerProcess> {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(env === undefined ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
      ...account,
    });
    await once(child, 'spawn');
    const server = new ServerProcess(name, child);
    holdProcess(server.pid);
    return server;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.name} was never started`);
    return pid;
  }

  /** undefined while it runs */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Resolves when it has ended. */
  get exited(): Promise<Exit> {
    return this.#exited;
  }

  /** The last lines of its standard output and error. */
  get log(): readonly string[] {
    return this.#lines;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#exit === undefined) this.#child.kill(signal);
  }

  /** Asks until the server answers; fails at once, with its last words, when it ends meanwhile. */
  async waitUntil(what: string, answers: () => Promise<boolean>, deadlineMs = 30_000): Promise<void> {
    const ready = await waitFor(
      async () => (this.#exit === undefined ? (await answers()) && 'ready' : 'ended'),
      { what: `${this.name}: ${what}`, deadlineMs },
    ).catch((error: unknown) => {
      throw new Error(this.#describe(`is not ready after ${deadlineMs} ms`), { cause: error });
    });
    if (ready === 'ended') throw new Error(this.#describe('ended before it was ready'));
  }

  /**
   * Sends a signal and waits for the end; past the deadline SIGKILL, and that is an error.
   * @returns milliseconds from signal to end
   */
  async end(signal: NodeJS.Signals, deadlineMs = 30_000): Promise<number> {
    const start = performance.now();
    if (this.#exit !== undefined) return 0;
    this.signal(signal);
    const timer = setTimeout(() => this.signal('SIGKILL'), deadlineMs);
    await this.#exited;
    clearTimeout(timer);
    const tookMs = performance.now() - start;
    if (tookMs >= deadlineMs)
      throw new Error(this.#describe(`did not end within ${deadlineMs} ms of ${signal}`));
    return tookMs;
  }

  #describe(what: string): string {
    const exit = this.#exit === undefined ? '' : ` (${this.#exit.signal ?? `exit code ${this.#exit.code}`})`;
    return [`${this.name} ${what}${exit}; its last words:`, ...this.#lines.slice(-20)].join('\n    ');
  }
}
