import { quoteIdentifier } from '../domain/table.ts';
import { createPublicationSql } from '../sql/setup-sql.ts';
import { isMaterializedView } from './diff-context.ts';
import { type Fingerprint, PUBLISH_KINDS, type PublicationFingerprint } from './fingerprint.ts';
import type { FingerprintChange } from './fingerprint-change.ts';

/** Every change of the publication itself; which tables are in it is each table's own affair. */
export function diffPublication(before: Fingerprint, after: Fingerprint): readonly FingerprintChange[] {
  const { publication: old } = before;
  const { publication: now } = after;
  if (old === null && now === null) return [];
  if (now === null) return old === null ? [] : [missing(old, after)];
  if (old === null || old.oid !== now.oid) return [replaced(now)];
  return old.version === now.version ? [] : [altered(old, now)];
}

function missing({ name }: PublicationFingerprint, { tables }: Fingerprint): FingerprintChange {
  const published = tables.filter((table) => table.members.length > 0 && !isMaterializedView(table));
  const message = `publication ${name} was dropped: changes of every table pass unseen`;
  return {
    kind: 'publication-missing',
    table: undefined,
    message,
    purge: 'once',
    alarm: {
      code: 'PUBLICATION_MISSING',
      severity: 'error',
      subject: `publication ${name}`,
      message,
      remedy: createPublicationSql(name, published),
    },
  };
}

/** Versions 17 and older refuse to decode the hole in between; 18 passes over it without a word. */
function replaced({ name }: PublicationFingerprint): FingerprintChange {
  return {
    kind: 'publication-replaced',
    table: undefined,
    message: `publication ${name} was created anew: changes made before it was there are lost`,
    purge: 'again',
  };
}

function altered(old: PublicationFingerprint, now: PublicationFingerprint): FingerprintChange {
  const subject = `publication ${now.name}`;
  const name = quoteIdentifier(now.name);
  const change = { kind: 'publication-altered', table: undefined, purge: 'again' } as const;
  const absent = PUBLISH_KINDS.filter((kind) => !now.kinds.includes(kind));
  if (absent.length > 0) {
    const message = `publication ${now.name} does not publish ${absent.join(', ')} any more: such changes pass unseen`;
    const remedy = `ALTER PUBLICATION ${name} SET (publish = '${PUBLISH_KINDS.join(', ')}');`;
    return {
      ...change,
      message,
      alarm: { code: 'PUBLICATION_LACKS_KIND', severity: 'error', subject, message, remedy },
    };
  }
  if (now.viaRoot) {
    const message = `publication ${now.name} publishes via the partition root: nothing is said when a partition is truncated`;
    const remedy = `ALTER PUBLICATION ${name} SET (publish_via_partition_root = false);`;
    return {
      ...change,
      message,
      alarm: { code: 'PUBLICATION_VIA_ROOT', severity: 'error', subject, message, remedy },
    };
  }
  const restored = PUBLISH_KINDS.filter((kind) => !old.kinds.includes(kind));
  const message =
    restored.length > 0
      ? `publication ${now.name} publishes ${restored.join(', ')} again: such changes were missed until then`
      : `publication ${now.name} was altered; what it left out for a while, if anything, was missed`;
  return { ...change, message };
}
