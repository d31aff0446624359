import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ReaderAnswer, ReaderCommand, ReaderFigures, ReaderOptions } from './reader-messages.ts';

/** Reader processes that do the same at the same time. */
export class ReaderFleet implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];

  constructor(processes: number, options: ReaderOptions) {
    this.#children = Array.from({ length: processes }, () =>
      fork(join(import.meta.dirname, 'reader-process.ts'), [JSON.stringify(options)], {
        serialization: 'advanced',
      }),
    );
  }

  /** Resolves when all have done it. */
  async tell(command: Exclude<ReaderCommand, 'finish'>): Promise<void> {
    await Promise.all(this.#children.map((child) => ask(child, command)));
  }

  async finish(): Promise<readonly ReaderFigures[]> {
    const answers = await Promise.all(this.#children.map((child) => ask(child, 'finish')));
    return answers.filter((answer) => answer.kind === 'figures');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = this.#children
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .map((child) => once(child, 'exit'));
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(ends);
  }
}

/** @throws Error when the process ends instead */
async function ask(child: ChildProcess, command: ReaderCommand): Promise<ReaderAnswer> {
  const aborter = new AbortController();
  const { signal } = aborter;
  child.send(command);
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([answer]) => answer as ReaderAnswer),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`a reader process ended with ${code} although it was told to ${command}`);
      }),
    ]);
  } finally {
    aborter.abort();
  }
}
