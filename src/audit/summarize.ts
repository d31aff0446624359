import type { Judged } from './auditor.ts';
import type { TemplateResult } from './verify-keys.ts';

/** What an audit of one template says, in numbers of keys. */
export interface TemplateSummary {
  readonly rule: string;
  readonly template: string;
  /** There are so many to choose from. */
  readonly found: number;
  /** So many of them were compared with the database. */
  readonly compared: number;
  readonly stale: number;
  readonly undecided: number;
  /** Keys that it could have built from several rows; not among those found. */
  readonly ambiguous: number;
  readonly withoutTtl: number;
  /** The longest that a difference lasted which a change on its way had made, in ms. */
  readonly consistentWithinMs: number;
}

export interface Summary {
  readonly templates: readonly TemplateSummary[];
  readonly stale: readonly Judged[];
  readonly withoutTtl: readonly Judged[];
  readonly compared: number;
  readonly undecided: number;
  readonly ambiguous: number;
  readonly consistentWithinMs: number;
  /** Share of stale keys that is not exceeded: as counted where all keys were compared, else with 95 % confidence. */
  readonly staleShareAtMost: number;
  /** Whether every key that was found was compared, but for those that were gone by then. */
  readonly isWhole: boolean;
}

export function summarize(results: readonly TemplateResult[]): Summary {
  const templates = results.map(summarizeTemplate);
  const all = results.flatMap(({ judged }) => judged);
  const stale = all.filter(({ verdict }) => verdict.kind === 'stale');
  const compared = sum(templates, 'compared');
  const undecided = sum(templates, 'undecided');
  const isWhole = undecided === 0 && results.every(({ found, judged }) => judged.length === found);
  return {
    templates,
    stale,
    withoutTtl: all.filter(livesForEver),
    compared,
    undecided,
    ambiguous: sum(templates, 'ambiguous'),
    consistentWithinMs: Math.max(0, ...templates.map((template) => template.consistentWithinMs)),
    staleShareAtMost: isWhole ? share(stale.length, compared) : upperBound(stale.length, compared),
    isWhole,
  };
}

function sum(templates: readonly TemplateSummary[], count: 'compared' | 'undecided' | 'ambiguous'): number {
  return templates.reduce((total, template) => total + template[count], 0);
}

function summarizeTemplate({ template, found, judged, ambiguous }: TemplateResult): TemplateSummary {
  const verdicts = judged.map(({ verdict }) => verdict);
  const consistent = verdicts.filter((verdict) => verdict.kind === 'consistent');
  const stale = verdicts.filter(({ kind }) => kind === 'stale').length;
  return {
    rule: template.rule,
    template: template.template,
    found,
    compared: consistent.length + stale,
    stale,
    undecided: verdicts.filter(({ kind }) => kind === 'undecided').length,
    ambiguous,
    withoutTtl: judged.filter(livesForEver).length,
    consistentWithinMs: Math.max(0, ...consistent.map(({ afterMs }) => afterMs)),
  };
}

function livesForEver({ ttlMs }: Judged): boolean {
  return ttlMs === undefined;
}

function share(stale: number, compared: number): number {
  return compared === 0 ? 0 : stale / compared;
}

/** Wilson's upper limit of a share, one-sided at 95 %. https://doi.org/10.1080/01621459.1927.10502953 */
function upperBound(stale: number, compared: number): number {
  if (compared === 0) return 1;
  const z = 1.645;
  const p = stale / compared;
  const centre = p + z ** 2 / (2 * compared);
  const spread = z * Math.sqrt((p * (1 - p)) / compared + z ** 2 / (4 * compared ** 2));
  return Math.min(1, (centre + spread) / (1 + z ** 2 / compared));
}

/** 0.0004 stale is three nines. */
export function nines(staleShare: number): number {
  return staleShare === 0 ? Number.POSITIVE_INFINITY : Math.floor(-Math.log10(staleShare) + 1e-9);
}
