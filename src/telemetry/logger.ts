import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { Settings } from '../config/settings.ts';

/**
 * JSON lines on standard output. Written synchronously: the daemon logs events, not rows, and the last line before an
 * end is the one that matters.
 */
export function createLogger(level: Settings['log']['level'], stream?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
    },
    stream ?? destination({ dest: 1, sync: true }),
  );
}

/**
 * A white list. The standard serializer copies every field of an error, and ioredis keeps the command there: keys, and
 * for a refused AUTH the password.
 */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  return { type: error.name, message: withoutQuotes(error.message), ...code, ...cause };
}

/** Drivers and servers quote: an address with its password, and Redis the keys of a command that it does not know. */
function withoutQuotes(message: string): string {
  return message
    .replaceAll(/(?<=\w:\/\/)\S*@/g, '***@')
    .replace(/(?<=, with args beginning with:).*/s, ' ***');
}
