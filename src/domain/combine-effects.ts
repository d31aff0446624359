import type { KeyEffect, Write } from './effect.ts';

/** Strongest first. An absent key is never wrong, so removing wins over writing whichever came first. */
const STRENGTH = ['purgeTag', 'delete', 'refresh', 'write'] as const satisfies readonly KeyEffect['kind'][];

/**
 * One effect for two on the same key, in the order of the stream. The stronger kind wins, with the version of the
 * later: a write that gives way must still keep older ones out. Of two writes the result is that of both, one after
 * the other.
 */
export function combineEffects(first: KeyEffect, second: KeyEffect): KeyEffect {
  if (first.kind === 'write' && second.kind === 'write')
    return { ...second, write: combineWrites(first.write, second.write) };
  // The same query in all likelihood; the later values count.
  if (first.kind === 'refresh' && second.kind === 'refresh') return second;
  const stronger = STRENGTH.indexOf(first.kind) <= STRENGTH.indexOf(second.kind) ? first : second;
  const version = second.version ?? first.version;
  return version === stronger.version || version === undefined ? stronger : { ...stronger, version };
}

/** Parts of a hash add up. A part for a key that holds a string, or nothing, leaves nothing (HASH_SCRIPT does so too). */
function combineWrites(first: Write, second: Write): Write {
  if (second.op !== 'hash') return second;
  if (first.op !== 'hash') return second.isComplete ? { ...second, replaces: true } : { op: 'remove' };
  return {
    ...second,
    fields: new Map([...first.fields, ...second.fields]),
    isComplete: first.isComplete || second.isComplete,
    ...(first.replaces === true || second.replaces === true ? { replaces: true } : {}),
  };
}
