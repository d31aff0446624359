import { closest, distance } from 'fastest-levenshtein';

/** The candidate that was probably meant, or undefined where none is like `name`. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const lowered = candidates.map((candidate) => candidate.toLowerCase());
  if (lowered.length === 0) return undefined;
  const best = closest(wanted, lowered);
  // Two letters swapped are two edits; beyond 40 % of the letters it is another word.
  const allowed = Math.max(2, Math.floor(wanted.length * 0.4));
  // Where every letter differs, as with `a` and `on`, two edits prove nothing.
  const differs = distance(wanted, best);
  if (differs > allowed || differs >= Math.max(wanted.length, best.length)) return undefined;
  return candidates[lowered.indexOf(best)];
}

/** A remedy for an unknown name: the nearest one, or all of them where none is near. */
export function suggestName(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? `known here: ${candidates.join(', ')}` : `did you mean ${nearest}?`;
}
