import type { Write } from '../../../src/domain/effect.ts';

/** What a key holds: nothing, a string, a hash, or a sorted set; the latter two are never empty. */
export type Value = undefined | string | ReadonlyMap<string, string> | SortedSet;

export interface SortedSet {
  readonly scores: ReadonlyMap<string, string>;
}

/** What a write makes of it, as the scripts in src/pipeline/redis do; written here from their comments. */
export function apply(before: Value, write: Write): Value {
  switch (write.op) {
    case 'remove':
      return undefined;
    case 'set':
      return write.value;
    case 'hash': {
      const hash =
        before instanceof Map && write.replaces !== true ? new Map<string, string>(before) : undefined;
      if (hash === undefined && !write.isComplete) return undefined;
      const after = hash ?? new Map<string, string>();
      for (const [field, value] of write.fields) {
        if (value === null) after.delete(field);
        else after.set(field, value);
      }
      return after.size === 0 ? undefined : after;
    }
    case 'sortedSet': {
      const isSet = typeof before === 'object' && 'scores' in before;
      if (!isSet && !write.isComplete) return undefined;
      const scores = new Map(isSet && !write.isComplete ? before.scores : []);
      for (const [member, score] of write.members) {
        if (score === null) scores.delete(member);
        else scores.set(member, score);
      }
      return scores.size === 0 ? undefined : { scores };
    }
  }
}
