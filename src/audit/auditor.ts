import { isDeepStrictEqual } from 'node:util';
import type { CachedValue } from '../domain/cached-value.ts';
import type { Write } from '../domain/effect.ts';
import type { AuditedTemplate } from './audited-template.ts';
import { type Comparison, compareValue } from './compare-value.ts';

/** A key, and the template that it was built from. */
export interface AuditedKey {
  readonly key: string;
  readonly template: AuditedTemplate;
  readonly values: readonly string[];
}

export interface Judged extends AuditedKey {
  readonly verdict: Verdict;
  /** Undefined: it never expires. */
  readonly ttlMs: number | undefined;
}

export type Verdict =
  | { readonly kind: 'absent' }
  /** At once, or after the change that was on its way had been applied. */
  | { readonly kind: 'consistent'; readonly afterMs: number }
  | { readonly kind: 'stale'; readonly how: string }
  /** No row can have it: a key of somebody else that fits the template. */
  | { readonly kind: 'foreign' }
  /** It changed faster than it could be looked at, or the daemon did not get so far in time. */
  | { readonly kind: 'undecided' };

export interface AuditorOptions {
  readonly read: (keys: readonly string[]) => Promise<readonly CachedValue[]>;
  /** What the database says now that the key should hold; undefined where its columns cannot have such values. */
  readonly expect: (key: AuditedKey) => Promise<Write | undefined>;
  /** Resolves once the daemon has applied everything that was committed by now; false where that took too long. */
  readonly untilApplied: () => Promise<boolean>;
  /** For how long a key that goes on changing is looked at. */
  readonly withinMs: number;
  readonly nowMs: () => number;
}

/** A value that comes and goes could look stale by chance once. */
const CONFIRMATIONS = 2;

/**
 * Compares cached keys with the database. Both change meanwhile, so a difference alone proves nothing. It does where
 * the daemon has applied everything that the database had when it was asked, the key was read after that, and the
 * database says the same as before.
 */
export class Auditor {
  readonly #options: AuditorOptions;

  constructor(options: AuditorOptions) {
    this.#options = options;
  }

  /** @throws RetryableError while a server is away, FatalError for a query that is refused */
  async judge(keys: readonly AuditedKey[]): Promise<readonly Judged[]> {
    const { read, expect } = this.#options;
    const cached = await read(keys.map(({ key }) => key));
    return Promise.all(
      keys.map(async (key, index): Promise<Judged> => {
        const value = cached[index] ?? { kind: 'absent' };
        const ttlMs = 'ttlMs' in value ? value.ttlMs : 0;
        if (value.kind === 'absent' || value.kind === 'marked')
          return { ...key, ttlMs, verdict: { kind: 'absent' } };
        const expected = await expect(key);
        if (expected === undefined) return { ...key, ttlMs, verdict: FOREIGN };
        const comparison = compareValue(value, expected);
        const verdict =
          comparison.kind === 'differs' ? await this.#confirm(key, expected) : consistent(comparison, 0);
        return { ...key, ttlMs, verdict };
      }),
    );
  }

  /** @param known what the database said when the two differed */
  async #confirm(key: AuditedKey, known: Write): Promise<Verdict> {
    const { read, expect, untilApplied, withinMs, nowMs } = this.#options;
    const startedMs = nowMs();
    let before = known;
    let confirmations = 0;
    while (nowMs() - startedMs <= withinMs) {
      if (!(await untilApplied())) return { kind: 'undecided' };
      const [cached = ABSENT] = await read([key.key]);
      const expected = await expect(key);
      if (expected === undefined) return FOREIGN;
      const comparison = compareValue(cached, expected);
      if (comparison.kind !== 'differs') return consistent(comparison, nowMs() - startedMs);
      confirmations = isDeepStrictEqual(expected, before) ? confirmations + 1 : 0;
      if (confirmations === CONFIRMATIONS) return { kind: 'stale', how: comparison.how };
      before = expected;
    }
    return { kind: 'undecided' };
  }
}

const FOREIGN: Verdict = { kind: 'foreign' };
const ABSENT: CachedValue = { kind: 'absent' };

function consistent({ kind }: Exclude<Comparison, { kind: 'differs' }>, afterMs: number): Verdict {
  return kind === 'absent' && afterMs === 0 ? { kind: 'absent' } : { kind: 'consistent', afterMs };
}
