import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config/settings.ts';
import type { Query } from '../../domain/query.ts';
import type { Rule } from '../../domain/rule.ts';
import { type PostgresFacts, readPostgresFacts } from '../facts/postgres-facts.ts';

export interface SettledFactsOptions {
  readonly rules: readonly Rule[];
  readonly postgres: Settings['postgres'];
  readonly query: Query;
  readonly report: (line: string) => void;
}

const INTERVAL_MS = 1_000;

/** A slot that somebody else is creating right now is there in a moment, or not at all. @throws whatever `query` throws */
export async function readSettledFacts({
  rules,
  postgres,
  query,
  report,
}: SettledFactsOptions): Promise<PostgresFacts> {
  for (let isReported = false; ; isReported = true) {
    const facts = await readPostgresFacts(query, rules, postgres);
    if (facts.slot?.complete !== false) return facts;
    if (!isReported)
      report(`slot ${postgres.slot} is being created by somebody else; waiting until it is there`);
    await sleep(INTERVAL_MS);
  }
}
