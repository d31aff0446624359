import type { CachedValue } from '../domain/cached-value.ts';
import type { Write } from '../domain/effect.ts';
import { compareJson } from './compare-json.ts';

/** Whether a cached value is what the database says. Only names of fields are told, never a value. */
export type Comparison =
  | { readonly kind: 'equal' }
  /** Nothing is cached, or nothing that a reader takes for fresh: never wrong. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'differs'; readonly how: string };

const EQUAL: Comparison = { kind: 'equal' };
const ABSENT: Comparison = { kind: 'absent' };

export function compareValue(cached: CachedValue, expected: Write): Comparison {
  switch (cached.kind) {
    case 'absent':
    case 'marked':
      return ABSENT;
    case 'foreign':
      return { kind: 'differs', how: `it is a ${cached.type}` };
    case 'text':
      return compareText(cached.text, expected);
    case 'hash':
      return expected.op === 'hash' ? compareFields(cached.fields, expected.fields) : wrongKind(expected);
    case 'sortedSet':
      return expected.op === 'sortedSet'
        ? compareMembers(cached.members, expected.members)
        : wrongKind(expected);
  }
}

function compareText(text: string | null, expected: Write): Comparison {
  if (expected.op === 'remove') return text === null ? EQUAL : wrongKind(expected);
  if (expected.op !== 'set') return wrongKind(expected);
  if (text === null) return { kind: 'differs', how: 'there is a row' };
  if (text === expected.value) return EQUAL;
  const paths = compareJson(text, expected.value);
  if (paths === undefined) return differs('the text');
  return paths.length === 0 ? EQUAL : differs(paths.map((path) => path || 'the value').join(', '));
}

type Texts = ReadonlyMap<string, string | null>;

function compareFields(cached: Texts, expected: Texts): Comparison {
  const wrong = namesWhere(cached, expected, (one, other) => one !== other);
  return wrong.length === 0 ? EQUAL : differs(wrong.join(', '));
}

/** Members come from rows, so they are counted and not named. */
function compareMembers(cached: Texts, expected: Texts): Comparison {
  const wrong = namesWhere(cached, expected, (one, other) =>
    one === null || other === null ? one !== other : Number(one) !== Number(other),
  );
  return wrong.length === 0 ? EQUAL : differs(wrong.length === 1 ? '1 member' : `${wrong.length} members`);
}

function namesWhere(
  cached: Texts,
  expected: Texts,
  isWrong: (one: string | null, other: string | null) => boolean,
): readonly string[] {
  const names = new Set([...cached.keys(), ...expected.keys()]);
  return [...names].filter((name) => isWrong(cached.get(name) ?? null, expected.get(name) ?? null));
}

function wrongKind(expected: Write): Comparison {
  return {
    kind: 'differs',
    how: expected.op === 'remove' ? 'there is no row' : `it should be a ${expected.op}`,
  };
}

function differs(what: string): Comparison {
  return { kind: 'differs', how: `differs in ${what}` };
}
