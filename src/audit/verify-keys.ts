import type { AuditedTemplate } from './audited-template.ts';
import type { AuditedKey, Auditor, Judged } from './auditor.ts';
import type { OwnerOf } from './key-owner.ts';
import { Reservoir } from './reservoir.ts';

export interface VerifyOptions {
  readonly templates: readonly AuditedTemplate[];
  readonly ownerOf: OwnerOf;
  /** Keys to compare, of each template; Infinity is all of them. */
  readonly sample: number;
  /** Hands over the keys to choose from, group by group: all that match the pattern, or those of them that matter. */
  readonly scan: (pattern: string, onKeys: (keys: readonly string[]) => void) => Promise<void>;
  readonly auditor: Pick<Auditor, 'judge'>;
  readonly onProgress: (progress: Progress) => void;
}

export type Progress =
  | { readonly kind: 'scanning'; readonly scanned: number }
  | { readonly kind: 'comparing'; readonly compared: number; readonly of: number };

/** What was found for one template. */
export interface TemplateResult {
  readonly template: AuditedTemplate;
  /** Keys to choose from. */
  readonly found: number;
  readonly judged: readonly Judged[];
  /** Keys that the template could have built from several rows: nothing can be said of them. */
  readonly ambiguous: number;
}

/** Keys read and compared at once; each needs a query. */
const KEYS_AT_ONCE = 100;

/**
 * Goes through the keys once, takes a sample of each template's keys, and has them judged.
 * @throws RetryableError while a server is away
 */
export async function verifyKeys(options: VerifyOptions): Promise<readonly TemplateResult[]> {
  const { templates, ownerOf, sample, auditor, onProgress } = options;
  const samples = new Map(templates.map((template) => [template, new Reservoir<AuditedKey>(sample)]));
  const ambiguous = new Map(templates.map((template) => [template, 0]));
  const [first, second] = templates;
  if (first === undefined) return [];
  let scanned = 0;
  await options.scan(second === undefined ? first.pattern : '*', (keys) => {
    for (const key of keys) {
      const owned = ownerOf(key);
      if (owned === undefined) continue;
      if (owned.values === 'ambiguous')
        ambiguous.set(owned.template, (ambiguous.get(owned.template) ?? 0) + 1);
      else samples.get(owned.template)?.offer(owned);
    }
    scanned += keys.length;
    onProgress({ kind: 'scanning', scanned });
  });

  const of = samples.values().reduce((sum, { kept }) => sum + kept.length, 0);
  let compared = 0;
  const results: TemplateResult[] = [];
  for (const [template, { seen, kept }] of samples) {
    const judged: Judged[] = [];
    for (let from = 0; from < kept.length; from += KEYS_AT_ONCE) {
      judged.push(...(await auditor.judge(kept.slice(from, from + KEYS_AT_ONCE))));
      compared = compared + Math.min(KEYS_AT_ONCE, kept.length - from);
      onProgress({ kind: 'comparing', compared, of });
    }
    results.push({ template, found: seen, judged, ambiguous: ambiguous.get(template) ?? 0 });
  }
  return results;
}
