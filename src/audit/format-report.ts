import type { Unaudited } from './audited-template.ts';
import type { Judged } from './auditor.ts';
import { nines, type Summary, type TemplateSummary } from './summarize.ts';

/** More would scroll away what matters; `--output json` has all. */
const KEYS_SHOWN = 20;

export type Paint = (look: 'red' | 'green' | 'yellow' | 'dim' | 'bold', text: string) => string;

/** A stale key, with what is known of how it came about. */
export interface StaleKey extends Judged {
  /** LSN of the commit whose value Freshet wrote there last, where it wrote at all. */
  readonly writtenAt: string | undefined;
}

export interface Report extends Summary {
  /** The slot of the daemon that was waited for. */
  readonly slot: string;
  readonly staleKeys: readonly StaleKey[];
  readonly unaudited: readonly Unaudited[];
  /** Stale keys that were deleted. */
  readonly repaired: number;
}

/** For people: a line a template, the stale keys, and the answer at the end. */
export function formatReport(report: Report, paint: Paint): string {
  const blocks = [
    report.templates.map((summary) => `${formatTemplate(summary, paint)}\n`).join(''),
    report.unaudited
      .map(({ rule, template, reason }) =>
        paint('dim', `not verified: ${template} (rule ${rule}): ${reason}\n`),
      )
      .join(''),
    listKeys('stale', report.staleKeys, formatStale, paint),
    listKeys(
      'without a TTL',
      report.withoutTtl,
      ({ key, template }) => `${key}  rule ${template.rule}`,
      paint,
    ),
    `${[formatUndecided(report, paint), formatAnswer(report, paint)].filter(Boolean).join('\n')}\n`,
  ];
  return blocks.filter((block) => block !== '').join('\n');
}

function formatTemplate(summary: TemplateSummary, paint: Paint): string {
  const { rule, template, found, compared, stale, undecided, ambiguous, withoutTtl } = summary;
  const counts = [
    `${count(found, 'key')} found`,
    `${compared.toLocaleString('en')} compared`,
    paint(stale === 0 ? 'green' : 'red', `${stale.toLocaleString('en')} stale`),
    ...(undecided > 0 ? [paint('yellow', `${undecided.toLocaleString('en')} undecided`)] : []),
    ...(ambiguous > 0 ? [paint('yellow', `${ambiguous.toLocaleString('en')} ambiguous`)] : []),
    ...(withoutTtl > 0 ? [paint('yellow', `${withoutTtl.toLocaleString('en')} without a TTL`)] : []),
  ];
  return `${paint('bold', template)} (rule ${rule}): ${counts.join(', ')}`;
}

function listKeys<T>(what: string, keys: readonly T[], format: (key: T) => string, paint: Paint): string {
  if (keys.length === 0) return '';
  const shown = keys.slice(0, KEYS_SHOWN).map((key) => `  ${format(key)}\n`);
  const more = keys.length - shown.length;
  const rest =
    more === 0 ? '' : paint('dim', `  and ${count(more, 'more key')}; --output json has them all\n`);
  return `${paint('red', what)}\n${shown.join('')}${rest}`;
}

function formatStale({ key, template, verdict, ttlMs, writtenAt }: StaleKey): string {
  const facts = [
    `rule ${template.rule}`,
    ...(verdict.kind === 'stale' ? [verdict.how] : []),
    ttlMs === undefined ? 'never expires' : `expires in ${roughly(ttlMs)}`,
    ...(writtenAt === undefined ? [] : [`written by Freshet for the commit at ${writtenAt}`]),
  ];
  return `${key}  ${facts.join(', ')}`;
}

function formatUndecided({ undecided, slot }: Report, paint: Paint): string {
  if (undecided === 0) return '';
  const differ = undecided === 1 ? 'differs and is undecided' : 'differ and are undecided';
  return paint('yellow', `${count(undecided, 'key')} ${differ}: does the daemon run on slot ${slot}?`);
}

function formatAnswer(report: Report, paint: Paint): string {
  const { compared, undecided, staleKeys, staleShareAtMost, consistentWithinMs, isWhole, repaired } = report;
  if (compared === 0 && undecided > 0) return '';
  if (compared === 0) return 'nothing to compare: none of the rules has a key in Redis that can be verified';
  const found = nines(staleShareAtMost);
  const right = (compared - staleKeys.length).toLocaleString('en');
  const level = Number.isFinite(found) ? `${count(found, 'nine')}: ` : '';
  const limit = isWhole
    ? ''
    : ` (with 95 % confidence at most ${percent(staleShareAtMost)} of all keys are stale)`;
  const answer = `${level}${right} of ${count(compared, 'key')} consistent within ${seconds(consistentWithinMs)}${limit}`;
  const mended = repaired === 0 ? '' : `; ${count(repaired, 'stale key')} deleted`;
  return paint(staleKeys.length === 0 ? 'green' : 'red', answer + mended);
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}

function roughly(ms: number): string {
  if (ms < 120_000) return `${Math.ceil(ms / 1000)} s`;
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}
