import { LONGEST_LEASE_MS } from '../../../src/lease/lease-scripts.ts';

/** What is under a key, as src/lease/README.md describes it; instants in ms. */
export interface Entry {
  readonly value?: {
    /** Null: it is known that there is none. */
    readonly text: string | null;
    readonly freshUntil: number;
    readonly servedUntil: number;
    readonly costMs: number;
  };
  readonly lease?: { readonly token: string; readonly deadline: number };
  readonly expiresAt: number;
}

/** `pass`: so much time goes by that the instant in this field is over. */
export type Operation =
  | { readonly kind: 'get'; readonly lifeMs: number; readonly ahead: number }
  | {
      readonly kind: 'set';
      readonly freshMs: number;
      readonly keptMs: number;
      readonly costMs: number;
      readonly text: string | null;
    }
  | { readonly kind: 'release' }
  | { readonly kind: 'stale'; readonly serveMs: number }
  | { readonly kind: 'delete' }
  | { readonly kind: 'evict' }
  | { readonly kind: 'pass'; readonly field: 'f' | 'e' | 'd' };

export interface Outcome {
  readonly reply: unknown;
  readonly entry: Entry | undefined;
}

/**
 * The protocol in TypeScript, to compare the scripts with.
 * @param token that get grants if it grants one; that of the caller, for set and release
 */
export function operate(entry: Entry | undefined, operation: Operation, token: string, now: number): Outcome {
  switch (operation.kind) {
    case 'get':
      return get(entry, operation, token, now);
    case 'set': {
      if (entry?.lease?.token !== token || now >= entry.lease.deadline) return { reply: 0, entry };
      const { text, freshMs, keptMs, costMs } = operation;
      const servedUntil = now + keptMs;
      const freshUntil = now + Math.min(freshMs, keptMs);
      return {
        reply: 1,
        entry: { value: { text, freshUntil, servedUntil, costMs }, expiresAt: servedUntil },
      };
    }
    case 'release':
      if (entry?.lease?.token !== token) return { reply: 0, entry };
      return { reply: 1, entry: withoutLease(entry) };
    case 'stale': {
      const { value } = entry ?? {};
      const servedUntil = Math.min(value?.servedUntil ?? 0, now + operation.serveMs);
      if (value === undefined || value.text === null || servedUntil <= now)
        return { reply: 0, entry: undefined };
      return {
        reply: 1,
        entry: { value: { ...value, freshUntil: 0, servedUntil }, expiresAt: servedUntil },
      };
    }
    case 'delete':
    case 'evict':
      return { reply: null, entry: undefined };
    case 'pass':
      return { reply: null, entry: entry && later(entry, operation.field, now) };
  }
}

function get(
  entry: Entry | undefined,
  { lifeMs, ahead }: Extract<Operation, { kind: 'get' }>,
  token: string,
  now: number,
): Outcome {
  const { value, lease } = entry ?? {};
  const isServed = value !== undefined && now < value.servedUntil;
  const isFresh = isServed && now < value.freshUntil;
  const isEarly = isFresh && now + value.costMs * ahead >= value.freshUntil;
  const isHeld = lease !== undefined && now < lease.deadline && lease.deadline <= now + LONGEST_LEASE_MS;
  const state = isFresh ? 'fresh' : isServed ? 'stale' : 'none';
  const text = isServed ? value.text : null;
  if ((isFresh && !isEarly) || isHeld) return { reply: [state, null, text], entry };
  const deadline = now + Math.min(lifeMs, LONGEST_LEASE_MS);
  const expiresAt = Math.max(entry?.expiresAt ?? 0, deadline);
  return { reply: [state, token, text], entry: { ...entry, lease: { token, deadline }, expiresAt } };
}

function withoutLease({ value, expiresAt }: Entry): Entry | undefined {
  return value && { value, expiresAt };
}

/** Where nothing is left to wait for, the TTL is over as well. */
function later(entry: Entry, field: 'f' | 'e' | 'd', now: number): Entry | undefined {
  const { value, lease } = entry;
  switch (field) {
    case 'f':
      return value ? { ...entry, value: { ...value, freshUntil: now - 1 } } : entry;
    case 'e':
      if (value === undefined) return entry;
      return lease && { ...entry, value: { ...value, freshUntil: now - 1, servedUntil: now - 1 } };
    case 'd':
      if (lease === undefined) return entry;
      return value && { ...entry, lease: { ...lease, deadline: now - 1 } };
  }
}
