import type { KeyEffect, Write } from './effect.ts';
import { withLongerGrace } from './longer-grace.ts';

/** Strongest first. An absent key is never wrong, so removing wins over writing whichever came first. */
const STRENGTH = [
  'purgeTag',
  'delete',
  'stale',
  'refresh',
  'write',
] as const satisfies readonly KeyEffect['kind'][];

/**
 * One effect for two on the same key, in the order of the stream. The stronger kind wins, with the version of the
 * later: a write that gives way must still keep older ones out. Of two writes the result is that of both, one after
 * the other.
 */
export function combineEffects(first: KeyEffect, second: KeyEffect): KeyEffect {
  if (first.kind === 'write' && second.kind === 'write')
    return { ...second, write: combineWrites(first.write, second.write) };
  // The row has left the key: the query of the first would find it where it is now.
  if (second.kind === 'write' && second.write.op === 'remove' && first.kind === 'refresh') return second;
  // The same query in all likelihood; the later values count.
  if (second.kind === 'refresh' && (first.kind === 'refresh' || first.kind === 'write'))
    return withPart(second, first, second);
  if (first.kind === 'refresh' && second.kind === 'write') return withPart(first, first, second);
  const isFirst = STRENGTH.indexOf(first.kind) <= STRENGTH.indexOf(second.kind);
  const stronger = isFirst ? withRest(first, second) : withRest(second, first);
  const version = second.version ?? first.version;
  return version === stronger.version || version === undefined ? stronger : { ...stronger, version };
}

/**
 * With what the weaker asks for all the same: the longer grace, the shorter time to serve the old value. None at all
 * beside a write or a refresh: their rules let nobody see the old value, and the new one is what is marked.
 */
function withRest(stronger: KeyEffect, weaker: KeyEffect): KeyEffect {
  if (stronger.kind === 'delete' && weaker.kind === 'delete') return withLongerGrace(stronger, weaker);
  if (stronger.kind !== 'stale') return stronger;
  const serveMs = weaker.kind === 'stale' ? Math.min(stronger.serveMs, weaker.serveMs) : 0;
  return serveMs === stronger.serveMs ? stronger : { ...stronger, serveMs };
}

type RefreshEffect = Extract<KeyEffect, { kind: 'refresh' }>;
type WriteEffect = Extract<KeyEffect, { kind: 'write' }>;

/** A part will do only where it does for both, one after the other; else the key is read. */
function withPart(
  refresh: RefreshEffect,
  first: RefreshEffect | WriteEffect,
  second: RefreshEffect | WriteEffect,
): RefreshEffect {
  const { part: _own, ...read } = { ...refresh, version: second.version };
  const before = partOf(first);
  const after = partOf(second);
  return before === undefined || after === undefined ? read : { ...read, part: combineWrites(before, after) };
}

function partOf(effect: RefreshEffect | WriteEffect): Write | undefined {
  return effect.kind === 'write' ? effect.write : effect.part;
}

/**
 * Beyond so many changed members of one set the set goes, and is read anew: they are copied with each that is added,
 * and Redis does nothing else while it writes them.
 */
export const MAX_PART_MEMBERS = 1_000;

/** Parts of a hash add up. A part for a key that holds a string, or nothing, leaves nothing (HASH_SCRIPT does so too). */
function combineWrites(first: Write, second: Write): Write {
  if (second.op === 'sortedSet') return combineMembers(first, second);
  if (second.op !== 'hash') return second;
  if (first.op !== 'hash') return second.isComplete ? { ...second, replaces: true } : { op: 'remove' };
  return {
    ...second,
    fields: new Map([...first.fields, ...second.fields]),
    isComplete: first.isComplete || second.isComplete,
    ...(first.replaces === true || second.replaces === true ? { replaces: true } : {}),
  };
}

function combineMembers(first: Write, second: Extract<Write, { op: 'sortedSet' }>): Write {
  if (second.isComplete) return second;
  if (first.op !== 'sortedSet') return { op: 'remove' };
  const members = new Map([...first.members, ...second.members]);
  return members.size > MAX_PART_MEMBERS
    ? { op: 'remove' }
    : { ...second, members, isComplete: first.isComplete };
}
