/**
 * Whether Redis' glob matches a text, byte by byte as the server does it (stringmatchlen in util.c); written here
 * from its documentation so that properties need no server: https://redis.io/docs/latest/commands/keys/
 * Compared with Redis 7.0 on 65,000 random pairs: it differs only for classes without an end or with bytes beyond
 * ASCII, and for an empty key. No pattern of ours has a class, and no key is empty.
 */
export function redisGlobMatches(pattern: string, text: string): boolean {
  return matches(Buffer.from(pattern), Buffer.from(text));
}

const [STAR, ANY, OPEN, CLOSE, ESCAPE, NOT, TO] = Buffer.from('*?[]\\^-');

function matches(pattern: Buffer, text: Buffer): boolean {
  // `starAt`: where the last star was, and the text that it would have to swallow next if what follows fails.
  let [p, t, starAt, swallowed] = [0, 0, -1, 0];
  while (t < text.length) {
    if (pattern[p] === STAR) {
      [starAt, swallowed] = [p++, t];
      continue;
    }
    const length = p < pattern.length ? matchOne(pattern, p, text[t] ?? 0) : 0;
    if (length > 0) {
      p += length;
      t++;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++swallowed;
    } else return false;
  }
  while (pattern[p] === STAR) p++;
  return p === pattern.length;
}

/** @returns the length of the pattern's element where it takes this byte, else 0 */
function matchOne(pattern: Buffer, at: number, byte: number): number {
  switch (pattern[at]) {
    case ANY:
      return 1;
    case ESCAPE:
      // At the very end a backslash means itself.
      if (at + 1 === pattern.length) return byte === ESCAPE ? 1 : 0;
      return pattern[at + 1] === byte ? 2 : 0;
    case OPEN:
      return matchClass(pattern, at, byte);
    default:
      return pattern[at] === byte ? 1 : 0;
  }
}

function matchClass(pattern: Buffer, start: number, byte: number): number {
  let at = start + 1;
  const isNegated = pattern[at] === NOT;
  if (isNegated) at++;
  let isIn = false;
  for (; at < pattern.length && pattern[at] !== CLOSE; at++) {
    if (pattern[at] === ESCAPE && at + 1 < pattern.length) isIn ||= pattern[++at] === byte;
    else if (pattern[at + 1] === TO && at + 2 < pattern.length) {
      const [low = 0, high = 0] = [pattern[at] ?? 0, pattern[at + 2] ?? 0].toSorted((a, b) => a - b);
      isIn ||= byte >= low && byte <= high;
      at += 2;
    } else isIn ||= pattern[at] === byte;
  }
  return isIn === isNegated ? 0 : Math.min(at + 1, pattern.length) - start;
}
