import type { KeyTemplate } from '../domain/key-template.ts';
import type { AuditedTemplate } from './audited-template.ts';
import type { AuditedKey } from './auditor.ts';
import { type Ambiguous, splitter } from './compile-key-reader.ts';

/** A template of a rule, whether its keys are to be proved or not. */
export interface OwningTemplate {
  readonly template: KeyTemplate;
  /** Undefined where they cannot, or need not. */
  readonly audited: AuditedTemplate | undefined;
}

/** The template that a key is of, with what its query is bound to; undefined where there is none, or no proof. */
export type OwnerOf = (key: string) => AuditedKey | AmbiguousKey | undefined;

/** A key that its template could have built from several rows. */
export interface AmbiguousKey {
  readonly template: AuditedTemplate;
  readonly values: Ambiguous;
}

/**
 * `product:7:reviews` fits `product:${id}` too, but is of `product:${id}:reviews`: a key belongs to the template with
 * the most text of its own.
 */
export function compileKeyOwner(templates: readonly OwningTemplate[]): OwnerOf {
  const owners = templates
    .map(({ template, audited }) => ({
      fits: splitter(template.parts, '[^]*'),
      ownLength: ownLengthOf(template),
      audited,
    }))
    .toSorted((one, other) => other.ownLength - one.ownLength || provable(other) - provable(one));
  return (key) => {
    const template = owners.find(({ fits }) => fits.test(key))?.audited;
    const values = template?.valuesOf(key);
    if (template === undefined || values === undefined) return undefined;
    return values === 'ambiguous' ? { template, values } : { key, template, values };
  };
}

function ownLengthOf({ parts }: KeyTemplate): number {
  return parts.reduce((length, part) => length + (part.kind === 'literal' ? part.text.length : 0), 0);
}

function provable({ audited }: Pick<OwningTemplate, 'audited'>): number {
  return audited === undefined ? 0 : 1;
}
