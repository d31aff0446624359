import { CommanderError } from 'commander';
import { ConfigError, type FatalCode, FatalError } from '../src/domain/errors.ts';

const FATAL: Readonly<Record<FatalCode, number>> = {
  PREFLIGHT_FAILED: 3,
  SLOT_MISSING: 4,
  SLOT_LOST: 5,
  PUBLICATION_MISSING: 6,
  SOURCE_CHANGED: 7,
  DENIED: 8,
  PORT_IN_USE: 9,
};

/**
 * 0 success, 1 a fault that nobody foresaw, 2 wrong usage, settings or rules, 3 and above a FatalError by its code.
 * The README has the table.
 */
export function exitCodeOf(error: unknown): number {
  if (error instanceof FatalError) return FATAL[error.code];
  if (error instanceof ConfigError) return 2;
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return 1;
}
