import type { ReaderObserver } from '../../src/session/stream-reader.ts';

function ignore(): void {}

/** For a reader of whom nobody wants to know anything. */
export const IGNORING_OBSERVER: ReaderObserver = {
  change: ignore,
  planned: ignore,
  shadowed: ignore,
  doubted: ignore,
  columnsMissing: ignore,
};
