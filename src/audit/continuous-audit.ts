import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '../domain/batch.ts';
import type { AuditedTemplate } from './audited-template.ts';
import type { AuditedKey, Auditor, Judged } from './auditor.ts';
import type { OwnerOf } from './key-owner.ts';

/** Keys that were touched lately and may be looked at; another one takes the place of any. */
const MAX_RECENT = 256;
/** Looking for such keys must cost a batch nothing. */
const MAX_LOOKED_AT = 20;

export interface ContinuousAuditOptions {
  readonly templates: readonly AuditedTemplate[];
  readonly ownerOf: OwnerOf;
  readonly auditor: Pick<Auditor, 'judge'>;
  /** Any key in Redis. */
  readonly randomKey: () => Promise<string | undefined>;
  /** 0 is never. */
  readonly intervalMs: number;
  readonly onJudged: (judged: Judged) => void;
  /** A server that is away, or a query that was refused; the audit goes on. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Compares a key every so often: in turn one that was touched lately, where a fault would show first, and any one that
 * is cached.
 */
export class ContinuousAudit {
  readonly #options: ContinuousAuditOptions;
  readonly #byName: ReadonlyMap<string, AuditedTemplate>;
  readonly #recent: AuditedKey[] = [];

  constructor(options: ContinuousAuditOptions) {
    this.#options = options;
    this.#byName = new Map(
      options.templates.map((template) => [nameOf(template.rule, template.template), template]),
    );
  }

  /** These keys have just been touched. */
  offer({ keys }: Pick<Batch, 'keys'>): void {
    if (this.#byName.size === 0) return;
    let looked = 0;
    for (const { key, origin } of keys.values()) {
      if (++looked > MAX_LOOKED_AT) return;
      const template = this.#byName.get(nameOf(origin.rule, origin.template));
      const values = template?.valuesOf(key);
      if (template === undefined || values === undefined || values === 'ambiguous') continue;
      const place = this.#recent.length < MAX_RECENT ? this.#recent.length : randomBelow(MAX_RECENT);
      this.#recent[place] = { key, template, values };
    }
  }

  /** Never resolves; rejects once the signal aborts. */
  async run(signal: AbortSignal): Promise<never> {
    const { intervalMs, auditor, onJudged, onFault } = this.#options;
    if (intervalMs === 0) return new Promise(() => {});
    for (let turn = 0; ; turn++) {
      await sleep(intervalMs, undefined, { signal });
      try {
        const key = (turn % 2 === 0 ? this.#takeRecent() : undefined) ?? (await this.#anyCached());
        if (key === undefined) continue;
        for (const judged of await auditor.judge([key])) onJudged(judged);
      } catch (error) {
        signal.throwIfAborted();
        onFault(error);
      }
    }
  }

  #takeRecent(): AuditedKey | undefined {
    const [taken] = this.#recent.splice(randomBelow(this.#recent.length), 1);
    return taken;
  }

  async #anyCached(): Promise<AuditedKey | undefined> {
    const key = await this.#options.randomKey();
    const owned = key === undefined ? undefined : this.#options.ownerOf(key);
    return owned === undefined || owned.values === 'ambiguous' ? undefined : owned;
  }
}

function nameOf(rule: string, template: string): string {
  return `${rule} ${template}`;
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit);
}
