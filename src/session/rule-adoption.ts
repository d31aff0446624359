import { createHash } from 'node:crypto';
import type { Log } from '../domain/log.ts';
import type { Rule } from '../domain/rule.ts';
import { ruleSignature } from '../domain/rule-signature.ts';
import type { PrimaryProbe } from '../pipeline/ready/primary-probe.ts';
import { until } from '../pipeline/ready/until.ts';

export interface RuleAdoptionOptions {
  readonly rules: readonly Rule[];
  /** Keeps the names of the rules that are adopted; where it is lost, all are new again. */
  readonly memory: { read(): Promise<string | undefined>; write(text: string): Promise<void> };
  readonly primary: Pick<PrimaryProbe, 'snapshot' | 'nextXid'>;
  /** Purges the keys of rules, outside of the stream; resolves when they are gone. */
  readonly purge: (rules: readonly Rule[]) => Promise<void>;
  /** So many rules are not adopted yet. */
  readonly onPending: (count: number) => void;
  readonly log: Log;
}

/**
 * Adopts the rules that are new, or do something else than before: what is cached under them was kept right by nobody.
 *
 *     open: those not in force are forgotten -> purge -> all that ran then has ended -> purge -> written down
 *
 * Again when all has ended: rows that an open transaction wrote before the table came into the publication are not in
 * the stream, and a commit that waits for its synchronous standby may have passed by the rules of before.
 */
export class RuleAdoption {
  /** Resolves when the keys of before are gone, for the first time. */
  readonly purged: Promise<void>;
  readonly #options: RuleAdoptionOptions;
  /** By what names them where they are written down. */
  readonly #live: ReadonlyMap<string, Rule>;
  readonly #purged = Promise.withResolvers<void>();
  #fresh: readonly Rule[] = [];

  constructor(options: RuleAdoptionOptions) {
    this.#options = options;
    const live = options.rules.filter(({ mode }) => mode === 'live');
    this.#live = new Map(live.map((rule) => [digestOf(rule), rule]));
    this.purged = this.#purged.promise;
  }

  /**
   * To be called before anything is confirmed: changes that concern only a rule of before will pass unseen, so it must
   * be new when it comes back. @throws RetryableError
   */
  async open(): Promise<void> {
    const { memory, onPending } = this.#options;
    const kept = new Set((await memory.read())?.split(' '));
    const inForce = kept.intersection(this.#live);
    if (inForce.size < kept.size) await memory.write([...inForce].join(' '));
    this.#fresh = [...this.#live].flatMap(([digest, rule]) => (kept.has(digest) ? [] : [rule]));
    onPending(this.#fresh.length);
  }

  /** Resolves when all rules are adopted. @throws RetryableError, what the purge throws, and when the signal aborts */
  async run(signal: AbortSignal): Promise<void> {
    const { memory, onPending } = this.#options;
    if (this.#fresh.length > 0) {
      await this.#purge(signal);
      await memory.write([...this.#live.keys()].join(' '));
      onPending(0);
    }
    this.#purged.resolve();
  }

  async #purge(signal: AbortSignal): Promise<void> {
    const { primary, purge, log } = this.#options;
    const rules = this.#fresh.map(({ name }) => name);
    log.info({ rules }, 'the keys of rules that are new or changed are purged');
    const next = await primary.nextXid();
    const haveEnded = async () => (await primary.snapshot()).xmin >= next;
    const isEnough = await haveEnded();
    const again = async () => {
      await until(haveEnded, signal);
      await purge(this.#fresh);
    };
    // At the same time, for the first may wait for a replica.
    await Promise.all([purge(this.#fresh).then(this.#purged.resolve), isEnough ? undefined : again()]);
  }
}

function digestOf(rule: Rule): string {
  return createHash('sha256').update(ruleSignature(rule)).digest('base64url').slice(0, 22);
}
