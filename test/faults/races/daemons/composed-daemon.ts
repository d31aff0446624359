import { StandbySignal } from '../../../../src/domain/errors.ts';
import type { Lsn } from '../../../../src/domain/lsn.ts';
import type { TestContext } from '../../../support/test-context.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { ComposedSession } from './composed-session.ts';
import { type Composition, RIGHT } from './composition.ts';
import { confirmedLsn, type RacedDaemon } from './raced-daemon.ts';

/** A daemon within the test's own process, for what the product has no switch for: being wrong. */
export class ComposedDaemon implements RacedDaemon {
  readonly #context: TestContext;
  readonly #rules: string;
  readonly #composition: Composition;
  #session: ComposedSession | undefined;

  constructor(context: TestContext, rules: string, wrong: Partial<Composition> = {}) {
    this.#context = context;
    this.#rules = rules;
    this.#composition = { ...RIGHT, ...wrong };
  }

  async start(): Promise<void> {
    if (this.#session === undefined) await this.#setUp();
    this.#session = await waitFor(() => this.#openSession(), { what: 'the slot to be free', intervalMs: 2 });
  }

  async kill(): Promise<void> {
    await this.#session?.kill();
  }

  async isDoneWith(position: Lsn): Promise<boolean> {
    // Asked first: whatever was confirmed too early is in the queue by now, or done.
    const confirmed = await confirmedLsn(this.#context);
    return confirmed >= position && this.#session?.isIdle === true;
  }

  async #setUp(): Promise<void> {
    const { sql, slot, publication } = this.#context;
    await sql.rows(`CREATE PUBLICATION ${publication} FOR TABLE items`);
    await sql.rows(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  }

  async #openSession(): Promise<ComposedSession | undefined> {
    const session = new ComposedSession(this.#context, this.#rules, this.#composition);
    try {
      await session.open();
      return session;
    } catch (error) {
      await session.kill();
      if (error instanceof StandbySignal) return undefined;
      throw error;
    }
  }
}
