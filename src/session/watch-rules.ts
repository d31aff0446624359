import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../domain/errors.ts';
import type { Rule } from '../domain/rule.ts';

/** Asked again and again: Kubernetes swaps a symlink above the files, which no watch on a file would notice. */
const LOOK_MS = 2_000;
/** What servers have refused is proved again: somebody may have mended them, which no text tells. */
const RETRY_MS = 10_000;

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
  /** The rules as they are written now cannot be used. Called once for a text and a reason. */
  refuse(error: unknown): void;
  /** Not the rules are at fault: they are tried again. */
  isPassing(error: unknown): boolean;
}

export interface WatchPace {
  readonly lookMs: number;
  readonly retryMs: number;
}

interface Refusal {
  readonly reason: string;
  /** By performance.now(). */
  readonly retryAtMs: number;
}

/** Hands over each new text of the rules as a whole, or not at all. */
export async function watchRules(
  source: RuleSource,
  changes: RuleChanges,
  signal: AbortSignal,
  { lookMs, retryMs }: WatchPace = { lookMs: LOOK_MS, retryMs: RETRY_MS },
): Promise<void> {
  let seen = source.digest();
  let refusal: Refusal | undefined;
  while (!signal.aborted) {
    await sleep(lookMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    let digest = 'unreadable';
    try {
      digest = source.digest();
      const isDue = refusal !== undefined && refusal.retryAtMs <= performance.now();
      if (digest === seen && !isDue) continue;
      await changes.accept(source.load());
      refusal = undefined;
    } catch (error) {
      if (changes.isPassing(error)) continue;
      const reason = String(error);
      if (digest !== seen || reason !== refusal?.reason) changes.refuse(error);
      // A text that is wrong stays wrong until it is another one.
      const delayMs = error instanceof ConfigError ? Number.POSITIVE_INFINITY : retryMs;
      refusal = { reason, retryAtMs: performance.now() + delayMs };
    }
    seen = digest;
  }
}
