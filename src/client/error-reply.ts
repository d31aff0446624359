/** Redis' sign of an error is the code at the beginning of its text: `WRONGTYPE Operation against a key ...`. */
const REPLY = /^[A-Z]{2,} /;

/** Redis is there, but answers nobody. What a script of 6.2 comes upon has its code in mid-text, behind a dash. */
const AWAY = /(?:^|-)(?:LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|BUSY) /;

/**
 * Whether Redis itself has refused one command, for what is in it or under its key, or because it is full. It would
 * answer others: no reason not to ask.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && REPLY.test(error.message) && !AWAY.test(error.message);
}
