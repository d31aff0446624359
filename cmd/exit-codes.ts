import { CommanderError } from 'commander';
import { ConfigError, type FatalCode, FatalError } from '../src/domain/errors.ts';

/** 3 and above: what a FatalError's code ends the process with; `check` and `setup` return 3 for their findings. */
export const FATAL_EXIT_CODES: Readonly<Record<FatalCode, number>> = {
  PREFLIGHT_FAILED: 3,
  SLOT_MISSING: 4,
  SLOT_LOST: 5,
  PUBLICATION_MISSING: 6,
  SOURCE_CHANGED: 7,
  DENIED: 8,
  PORT_IN_USE: 9,
};

/** `verify` has found stale keys. */
export const STALE_KEYS_EXIT_CODE = 10;

/** `verify` has found differences alone, and could not tell of any of them whether it is stale. */
export const UNDECIDED_EXIT_CODE = 11;

/** 0 success, 1 a fault that nobody foresaw, 2 wrong usage, settings or rules; the README has the whole table. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof FatalError) return FATAL_EXIT_CODES[error.code];
  if (error instanceof ConfigError) return 2;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return 1;
}
