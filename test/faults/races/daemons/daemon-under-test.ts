import { onTestFailed } from 'vitest';
import type { Lsn } from '../../../../src/domain/lsn.ts';
import { type DaemonOptions, DaemonProcess } from '../../../support/daemon-process.ts';
import type { TestContext } from '../../../support/test-context.ts';
import { confirmedLsn, type RacedDaemon } from './raced-daemon.ts';

/** The product: `freshet run` as a process of its own. */
export class DaemonUnderTest implements RacedDaemon {
  readonly #context: TestContext;
  readonly #options: DaemonOptions;
  #process: DaemonProcess | undefined;

  constructor(context: TestContext, options: Pick<DaemonOptions, 'rules' | 'settings'>) {
    this.#context = context;
    this.#options = context.daemonOptions(options);
    onTestFailed(() => console.error(this.#lastWords));
  }

  async start(): Promise<void> {
    this.#process = await DaemonProcess.launch(this.#options);
  }

  /** With SIGKILL. */
  async kill(): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }

  /** It confirms only what it has done. @throws Error with its last words where it has ended by itself */
  async isDoneWith(position: Lsn): Promise<boolean> {
    if (this.#process?.exit !== undefined)
      throw new Error(`the daemon has ended by itself:\n${this.#lastWords}`);
    return (await confirmedLsn(this.#context)) >= position;
  }

  get #lastWords(): string {
    return (this.#process?.log ?? []).slice(-30).join('\n');
  }
}
