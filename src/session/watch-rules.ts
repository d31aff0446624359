import { setTimeout as sleep } from 'node:timers/promises';
import type { Rule } from '../domain/rule.ts';

/** Asked again and again: Kubernetes swaps a symlink above the files, which no watch on a file would notice. */
const INTERVAL_MS = 2_000;

/** Where rules come from. */
export interface RuleSource {
  /** Changes with the rules' text. @throws ConfigError while no text can be found */
  digest(): string;
  /** @throws ConfigError with every problem */
  load(): readonly Rule[];
}

export interface RuleChanges {
  /** Takes new rules over. @throws whatever keeps them from being used: then the old ones go on */
  accept(rules: readonly Rule[]): Promise<void>;
  /** The rules as they are written now cannot be used. Called once for a text. */
  refuse(error: unknown): void;
  /** Not the rules are at fault: they are tried again. */
  isPassing(error: unknown): boolean;
}

/** Hands over each new text of the rules as a whole, or not at all. */
export async function watchRules(
  source: RuleSource,
  changes: RuleChanges,
  signal: AbortSignal,
): Promise<void> {
  let seen = source.digest();
  while (!signal.aborted) {
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    let digest = 'unreadable';
    try {
      digest = source.digest();
      if (digest === seen) continue;
      await changes.accept(source.load());
      seen = digest;
    } catch (error) {
      if (changes.isPassing(error)) continue;
      if (digest !== seen) changes.refuse(error);
      seen = digest;
    }
  }
}
