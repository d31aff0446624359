import { isDeepStrictEqual } from 'node:util';
import { type Entry, type Operation, operate } from './entry-model.ts';
import type { Observation, Trial } from './entry-store.ts';

/** A key and what has happened to it. */
export interface KeyHistory {
  readonly key: string;
  readonly entry: Entry | undefined;
  /** The token that each client was granted last. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Those that were granted before the last invalidation. */
  readonly voided: ReadonlySet<string>;
  /** For a failure's text. */
  readonly steps: readonly string[];
}

/** Redis reads its clock more than once in a script, and rounds. */
const CLOCK_MS = 2;

export function newHistory(key: string): KeyHistory {
  return { key, entry: undefined, tokens: {}, voided: new Set(), steps: [] };
}

/** What a client does next, on a copy of the key. */
export function trialOf(history: KeyHistory, client: string, operation: Operation, key: string): Trial {
  const nonce = `${client}${history.steps.length}`;
  const token = operation.kind === 'get' ? nonce : (history.tokens[client] ?? 'never granted');
  return { from: history.key, key, operation, token };
}

/**
 * Compares what Redis did with the model, and with what must hold whatever the model says.
 * @param window the clock of Redis before and after
 * @throws Error with the steps that led there
 */
export function judgeTrial(
  history: KeyHistory,
  client: string,
  { operation, token, key }: Trial,
  { reply, entry }: Observation,
  window: { readonly from: number; readonly to: number },
): KeyHistory {
  const steps = [...history.steps, `${client}: ${JSON.stringify(operation)}`];
  const toleranceMs = window.to - window.from + CLOCK_MS;
  const complain = (what: string): never => {
    const seen = JSON.stringify({ before: history.entry, reply, entry }, undefined, 1);
    throw new Error(`${what}\n${steps.join('\n')}\n${seen}`);
  };

  const granted = operation.kind === 'get' ? grantedToken(reply) : undefined;
  const expected = operate(history.entry, operation, granted ?? token, window.from);
  const isSilent = expected.reply === null;
  if (!isSilent && !isDeepStrictEqual(reply, expected.reply)) {
    complain(`the model replies ${JSON.stringify(expected.reply)}`);
  }
  if (!isAlike(entry, expected.entry, toleranceMs))
    complain(`the model has ${JSON.stringify(expected.entry)}`);

  const { voided } = history;
  if (granted !== undefined && !granted.startsWith(`${token}:`)) complain('a token of another nonce');
  if (granted !== undefined && Object.values(history.tokens).includes(granted))
    complain('a token granted twice');
  if (operation.kind === 'set' && reply === 1 && voided.has(token))
    complain('a fill after its lease was void');
  if (entry !== undefined) {
    const { value, lease, expiresAt } = entry;
    const needed = Math.max(value?.servedUntil ?? 0, lease?.deadline ?? 0);
    if (expiresAt < needed - toleranceMs) complain('it expires before it ends');
    if (operation.kind === 'stale') {
      const before = history.entry;
      if (expiresAt > (before?.expiresAt ?? 0) + toleranceMs) complain('a mark has lengthened its life');
      if ((value?.servedUntil ?? 0) > (before?.value?.servedUntil ?? 0)) complain('a mark has lengthened');
      if (lease !== undefined) complain('a mark has left a lease');
    }
  }
  const tokens = granted === undefined ? history.tokens : { ...history.tokens, [client]: granted };
  const isVoid = ['stale', 'delete', 'evict'].includes(operation.kind);
  return {
    key,
    entry,
    tokens,
    voided: isVoid ? new Set([...voided, ...Object.values(tokens)]) : voided,
    steps,
  };
}

function grantedToken(reply: unknown): string | undefined {
  const token: unknown = Array.isArray(reply) ? reply[1] : undefined;
  return typeof token === 'string' ? token : undefined;
}

/** Equal but for instants, which may differ a little. */
function isAlike(a: Entry | undefined, b: Entry | undefined, toleranceMs: number): boolean {
  const near = (one: number | undefined, other: number | undefined): boolean =>
    one === other || Math.abs((one ?? Number.NaN) - (other ?? Number.NaN)) <= toleranceMs;
  return (
    a?.value?.text === b?.value?.text &&
    a?.value?.costMs === b?.value?.costMs &&
    a?.lease?.token === b?.lease?.token &&
    near(a?.value?.freshUntil, b?.value?.freshUntil) &&
    near(a?.value?.servedUntil, b?.value?.servedUntil) &&
    near(a?.lease?.deadline, b?.lease?.deadline) &&
    near(a?.expiresAt, b?.expiresAt)
  );
}
