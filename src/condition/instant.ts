/** Nanoseconds since 1970 in UTC, or Postgres' `infinity` and `-infinity`. */
export type Instant = bigint | number;

const TIMESTAMP =
  /^(\d{4,6})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?)?( BC)?$/;
const NANOS_PER_SECOND = 1_000_000_000n;

/**
 * Reads timestamp and timestamptz as Postgres writes them under DateStyle ISO, and RFC 3339. Without an offset it
 * counts as UTC. No range is lost: Postgres reaches from 4713 BC to 294276 AD, further than Date or CEL.
 * @returns undefined for any other text
 */
export function readInstant(text: string): Instant | undefined {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (text === '-infinity') return Number.NEGATIVE_INFINITY;
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [
    ,
    year,
    month,
    day,
    hour,
    minute,
    second,
    fraction = '',
    sign,
    offsetHour,
    offsetMinute,
    offsetSecond,
    bc,
  ] = match;
  const offset = seconds(offsetHour, offsetMinute, offsetSecond) * (sign === '-' ? -1 : 1);
  const astronomicalYear = bc === undefined ? Number(year) : 1 - Number(year);
  const days = daysSince1970(astronomicalYear, Number(month), Number(day));
  const total = days * 86_400 + seconds(hour, minute, second) - offset;
  return BigInt(total) * NANOS_PER_SECOND + BigInt(fraction.padEnd(9, '0'));
}

/** As RFC 3339, for the library. Undefined outside CEL's years 1 to 9999. */
export function toRfc3339(text: string): string | undefined {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(?:([+-]\d\d)(:\d\d)?)?$/.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = '', hours, minutes = ':00'] = match;
  return `${date}T${time}${hours === undefined ? 'Z' : `${hours}${minutes}`}`;
}

function seconds(hour = '0', minute = '0', second = '0'): number {
  return Number(hour) * 3600 + Number(minute) * 60 + Number(second);
}

/** Proleptic Gregorian, as Postgres counts. Years begin in March here, so that a leap day is the last of its year. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  return shifted * 365 + leapDays + dayOfYear - 719_468;
}
