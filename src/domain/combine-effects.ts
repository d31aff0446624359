import type { KeyEffect, Write } from './effect.ts';

type WriteEffect = Extract<KeyEffect, { kind: 'write' }>;

/** Strongest first. An absent key is never wrong, so removing wins over writing whichever came first. */
const STRENGTH = ['purgeTag', 'delete', 'refresh', 'write'] as const satisfies readonly KeyEffect['kind'][];

/**
 * One effect for two on the same key, in the order of the stream. The stronger kind wins; of two writes the later
 * value counts, and parts of a hash add up. Writes that do not go together (a string and a hash, by two rules) cannot
 * both be right: the key is deleted.
 */
export function combineEffects(first: KeyEffect, second: KeyEffect): KeyEffect {
  if (first.kind === 'write' && second.kind === 'write') return combineWrites(first, second);
  // The same query in all likelihood; the later values and version count.
  if (first.kind === 'refresh' && second.kind === 'refresh') return second;
  return STRENGTH.indexOf(first.kind) <= STRENGTH.indexOf(second.kind) ? first : second;
}

function combineWrites(first: WriteEffect, second: WriteEffect): KeyEffect {
  const write = mergeWrites(first.write, second.write);
  return write === undefined
    ? { kind: 'delete', key: second.key, origin: second.origin }
    : { ...second, write };
}

function mergeWrites(first: Write, second: Write): Write | undefined {
  if (second.op !== 'hash' || second.isComplete) return second;
  if (first.op !== 'hash') return undefined;
  return { ...second, fields: new Map([...first.fields, ...second.fields]), isComplete: first.isComplete };
}
