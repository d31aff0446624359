import type { KeyTemplate } from '../domain/key-template.ts';
import type { Expiry, Reading, Rule } from '../domain/rule.ts';
import { readingOf } from '../sql/reading-of.ts';
import { originOf } from '../template/origin-of.ts';
import { type Ambiguous, compileKeyReader } from './compile-key-reader.ts';
import { compileKeyOwner, type OwnerOf, type OwningTemplate } from './key-owner.ts';

/** Keys whose right value the database can be asked for. */
export interface AuditedTemplate {
  readonly rule: string;
  /** As its author wrote it. */
  readonly template: string;
  /** Redis glob pattern of its keys. */
  readonly pattern: string;
  readonly reading: Reading;
  /** What the reading's query is bound to; undefined for a key that this template cannot have built. */
  readonly valuesOf: (key: string) => readonly string[] | Ambiguous | undefined;
}

export interface Unaudited {
  readonly rule: string;
  readonly template: string;
  readonly reason: string;
}

/**
 * The templates of live rules, each with the way to prove its keys, or why there is none.
 * @param rules all of them: a key of a rule that is not audited must not be taken for a key of one that is
 * @param only names of the rules to audit, where not all are
 */
export function auditTemplates(
  rules: readonly Rule[],
  only?: readonly string[],
): {
  readonly audited: readonly AuditedTemplate[];
  readonly unaudited: readonly Unaudited[];
  readonly ownerOf: OwnerOf;
} {
  const audited: AuditedTemplate[] = [];
  const unaudited: Unaudited[] = [];
  const owners: OwningTemplate[] = [];
  for (const rule of rules) {
    const isAudited = rule.mode === 'live' && (only?.includes(rule.name) ?? true);
    for (const template of [...rule.keys, ...rule.fanOuts.map(({ key }) => key)]) {
      const found = isAudited ? auditTemplate(rule, template) : undefined;
      if (typeof found === 'object') {
        audited.push(found);
        owners.push({ template, audited: found });
        continue;
      }
      if (found !== undefined) unaudited.push({ rule: rule.name, template: template.source, reason: found });
      if (holdsKeys(rule)) owners.push({ template, audited: undefined });
    }
  }
  return { audited, unaudited, ownerOf: compileKeyOwner(owners) };
}

/** Templates of the others give patterns, or names in messages. */
function holdsKeys({ action }: Rule): boolean {
  return action.kind !== 'purgePattern' && action.kind !== 'publish';
}

/** @returns the reason where it cannot be proved */
function auditTemplate(rule: Rule, template: KeyTemplate): AuditedTemplate | string {
  const reading = auditReading(rule, template);
  if (reading === undefined) return 'the rule has no query: give it `verify: {query: ...}`';
  const readKey = compileKeyReader(template);
  if (readKey === undefined) return 'a filter in the key cannot be undone';
  const missing = reading.query.columns.filter((column) => !template.columns.includes(column));
  if (missing.length > 0) return `the query needs ${missing.join(', ')}, which is not in the key`;
  const { pattern } = originOf(rule, template);
  return {
    rule: rule.name,
    template: template.source,
    pattern,
    reading,
    valuesOf: (key) => {
      const texts = readKey(key);
      if (texts === 'ambiguous') return texts;
      return texts && reading.query.parameters.map((column) => texts.get(column) ?? '');
    },
  };
}

/** By the query that the rule is verified by, else by the one that reads its values anyway. */
function auditReading({ verify, ...rule }: Rule, template: KeyTemplate): Reading | undefined {
  if (verify !== undefined) return { ...verify, always: true, expiry: NEVER_STORED };
  const { action } = rule;
  // Also where the set is only kept right and never built.
  const asked = action.kind === 'sortedSet' ? { ...rule, action: { ...action, always: true } } : rule;
  return readingOf(asked, template);
}

const NEVER_STORED: Expiry = { ttlMs: 0, jitter: 0 };
