import { ConfigError } from '../../../src/domain/errors.ts';

/** What a user reads when `run` refuses its input; `hidden` (a temporary folder) is left out. */
export function problemsOf(run: () => unknown, hidden?: string): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return hidden === undefined ? error.message : error.message.replaceAll(hidden, '');
  }
  throw new Error('expected a ConfigError');
}
