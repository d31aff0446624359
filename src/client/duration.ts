const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof MILLISECONDS;

/** Milliseconds, or a text with its unit: `250ms`, `10s`, `5m`, `1.5h`, `7d`. */
export type Duration = number | `${number}${Unit}`;

/** 24.8 days. A timer for longer ends at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * @param name of the option, for the error
 * @returns whole milliseconds, 1 or more: Redis takes no others
 * @throws TypeError where it is no duration, or a longer one than may be
 */
export function toMs(name: string, duration: Duration, longestMs = Number.MAX_SAFE_INTEGER): number {
  const given = parse(duration);
  if (!(given >= 1 && given < Number.POSITIVE_INFINITY)) {
    const text = typeof duration === 'string' ? JSON.stringify(duration) : String(duration);
    throw new TypeError(
      `${name}: ${text} is not a duration; ` +
        `write milliseconds (60000) or a text such as '250ms', '10s', '5m', '1h' or '7d'`,
    );
  }
  const ms = Math.round(given);
  if (ms > longestMs) throw new TypeError(`${name}: ${ms} ms is too long, ${longestMs} ms is the most`);
  return ms;
}

/** The same for what can be switched off: 0 is off. */
export function toMsOrOff(name: string, duration: Duration): number {
  return parse(duration) === 0 ? 0 : toMs(name, duration);
}

function parse(duration: Duration): number {
  if (typeof duration === 'number') return duration;
  const [, amount, unit] = TEXT.exec(duration) ?? [];
  return Number(amount) * MILLISECONDS[unit as Unit];
}
