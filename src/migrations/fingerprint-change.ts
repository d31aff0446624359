import type { Finding } from '../domain/finding.ts';
import type { TableName } from '../domain/table.ts';

export const FINGERPRINT_CHANGE_KINDS = [
  'table-missing',
  'table-appeared',
  'table-replaced',
  'columns',
  'types',
  'rewritten',
  'refreshed',
  'persistence',
  'partition-added',
  'partition-removed',
  'partition-altered',
  'identity-weakened',
  'published',
  'unpublished',
  'narrowed',
  'publication-missing',
  'publication-replaced',
  'publication-altered',
] as const;
export type FingerprintChangeKind = (typeof FINGERPRINT_CHANGE_KINDS)[number];

/** One difference between two looks at the catalog, and what it asks for. */
export interface FingerprintChange {
  readonly kind: FingerprintChangeKind;
  /** As rules name it; undefined: all of them. */
  readonly table: TableName | undefined;
  /** One sentence for the log. */
  readonly message: string;
  /**
   * `once`: what is cached now may be wrong. `again`: so may what is cached until the transactions that run now have
   * ended, for their changes are not all in the stream.
   */
  readonly purge: 'once' | 'again';
  /** Where someone has to act, because changes are being missed from now on. */
  readonly alarm?: Finding;
}
