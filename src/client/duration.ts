const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

type Unit = keyof typeof MILLISECONDS;

/** Milliseconds, or a text with its unit: `250ms`, `10s`, `5m`, `1.5h`, `7d`. */
export type Duration = number | `${number}${Unit}`;

const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * @param name of the option, for the error
 * @returns whole milliseconds, 1 or more: Redis takes no others
 * @throws TypeError where it is no duration
 */
export function toMs(name: string, duration: Duration): number {
  const ms = typeof duration === 'number' ? duration : parse(duration);
  if (ms >= 1 && Number.isSafeInteger(Math.round(ms))) return Math.round(ms);
  throw new TypeError(
    `${name}: ${JSON.stringify(duration)} is not a duration; ` +
      `write milliseconds (60000) or a text such as '250ms', '10s', '5m', '1h' or '7d'`,
  );
}

function parse(text: string): number {
  const [, amount, unit] = TEXT.exec(text) ?? [];
  return Number(amount) * MILLISECONDS[unit as Unit];
}
