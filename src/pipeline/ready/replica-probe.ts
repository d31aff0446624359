import { type Lsn, parseLsn, ZERO_LSN } from '../../domain/lsn.ts';
import type { Query } from '../../domain/query.ts';

/** What the replica has received (`pg_last_wal_receive_lsn`) is not what its readers see. */
const PROBE = 'SELECT pg_is_in_recovery() AS "inRecovery", pg_last_wal_replay_lsn()::text AS replayed';

/** How soon one that gave no usable answer is asked again. */
const RETRY_MS = 1_000;
/** Longer than replay takes: it is paused, delayed, or held up by queries. */
const BEHIND_MS = 5_000;

export type ReplicaTrouble = 'unreachable' | 'behind' | 'promoted';

export interface ReplicaObserver {
  /** It holds up what waits for it. Called once an outage, and again where it turns out to have been promoted. */
  heldUp(replica: string, trouble: ReplicaTrouble, error?: unknown): void;
  /** It has replayed all that was waited for. */
  caughtUp(replica: string, heldUpMs: number): void;
}

export interface ReplicaOptions {
  /** `host:port` */
  readonly address: string;
  readonly query: Query;
  readonly observer: ReplicaObserver;
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
}

/** A position that is waited for, and since when. */
interface Wanted {
  readonly lsn: Lsn;
  readonly sinceMs: number;
}

/**
 * Knows how far a physical standby has replayed, as of its last answer: nobody waits for the next one, so one that is
 * away or slow delays no question to others.
 *
 * A standby makes a commit visible when it replays its record, and only then moves the position that it tells: the end
 * of that record (ApplyWalRecord in xlogrecovery.c). A transaction is known by where its commit record begins
 * (`final_lsn` of Begin, from `origptr` of the record); records do not overlap, so a position beyond that beginning
 * proves that the record was replayed. A position that is equal proves only that the record before it was.
 */
export class ReplicaProbe {
  readonly address: string;
  readonly #query: Query;
  readonly #observer: ReplicaObserver;
  readonly #signal: AbortSignal;
  readonly #nowMs: () => number;
  #replayed = ZERO_LSN;
  #isAsking = false;
  #restUntilMs = Number.NEGATIVE_INFINITY;
  /** The first that is waited for, as far as is known: the last one when an earlier first one was replayed. */
  #first: Wanted | undefined;
  #last: Wanted | undefined;
  #outage: { readonly trouble: ReplicaTrouble; readonly sinceMs: number } | undefined;

  constructor({ address, query, observer, signal, nowMs = () => performance.now() }: ReplicaOptions) {
    this.address = address;
    this.#query = query;
    this.#observer = observer;
    this.#signal = signal;
    this.#nowMs = nowMs;
  }

  /** For how long something has waited for it; 0 where nothing does. */
  get lagMs(): number {
    return this.#first === undefined ? 0 : this.#nowMs() - this.#first.sinceMs;
  }

  /** Whether readers see what the record at this position did. */
  hasReplayed(recordLsn: Lsn): boolean {
    return this.#replayed > recordLsn;
  }

  /** Sends a question where the answer is not known yet and none is on its way. */
  ask(recordLsn: Lsn): void {
    if (this.hasReplayed(recordLsn)) return;
    const nowMs = this.#nowMs();
    if (this.#last === undefined || recordLsn > this.#last.lsn)
      this.#last = { lsn: recordLsn, sinceMs: nowMs };
    this.#first ??= this.#last;
    if (this.#isAsking || nowMs < this.#restUntilMs) return;
    this.#isAsking = true;
    void this.#ask().finally(() => {
      this.#isAsking = false;
    });
  }

  async #ask(): Promise<void> {
    try {
      const [row] = await this.#query<{ inRecovery: boolean; replayed: string | null }>(PROBE);
      if (row?.inRecovery === true) this.#answered(row.replayed === null ? ZERO_LSN : parseLsn(row.replayed));
      else this.#failed('promoted');
    } catch (error) {
      if (!this.#signal.aborted) this.#failed('unreachable', error);
    }
  }

  /** One that was restarted can be further back than it was. */
  #answered(replayed: Lsn): void {
    this.#replayed = replayed;
    if (this.#last !== undefined && this.hasReplayed(this.#last.lsn)) this.#caughtUp();
    else if (this.#first !== undefined && this.hasReplayed(this.#first.lsn)) this.#first = this.#last;
    if (this.lagMs > BEHIND_MS) this.#heldUp('behind');
  }

  #failed(trouble: ReplicaTrouble, error?: unknown): void {
    this.#restUntilMs = this.#nowMs() + RETRY_MS;
    this.#heldUp(trouble, error);
  }

  #heldUp(trouble: ReplicaTrouble, error?: unknown): void {
    const known = this.#outage?.trouble;
    if (known !== undefined && (trouble !== 'promoted' || known === 'promoted')) return;
    this.#outage = { trouble, sinceMs: this.#first?.sinceMs ?? this.#nowMs() };
    this.#observer.heldUp(this.address, trouble, error);
  }

  #caughtUp(): void {
    this.#first = undefined;
    this.#last = undefined;
    if (this.#outage === undefined) return;
    this.#observer.caughtUp(this.address, this.#nowMs() - this.#outage.sinceMs);
    this.#outage = undefined;
  }
}
