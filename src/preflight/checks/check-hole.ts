import type { Finding } from '../../domain/finding.ts';
import { dropSlotSql } from '../../sql/setup-sql.ts';
import type { PublicationFacts } from '../facts/publication-facts.ts';
import type { SlotFacts } from '../facts/slot-facts.ts';

/**
 * Whether the publication is younger than the slot's position. Postgres looks it up in the catalog as it was at each
 * change: up to 17 it refuses changes from before it, from 18 on it leaves them out without a word. An ALTER of its
 * options counts as its birth here, and the slot's catalog horizon lags behind its position: hence only a warning.
 */
export function checkHole(
  publication: PublicationFacts | undefined,
  slot: SlotFacts | undefined,
): readonly Finding[] {
  if (publication === undefined || slot === undefined) return [];
  if (slot.catalogAge === null || publication.age > slot.catalogAge) return [];
  return [
    {
      code: 'PUBLICATION_AFTER_SLOT',
      severity: 'warning',
      subject: `publication ${publication.name}`,
      message: `was created or altered after the position of slot ${slot.name}: changes from before it may be refused (up to Postgres 17) or left out (from 18 on)`,
      remedy: `-- unless it was only altered: make the slot anew, then clear the cached keys once\n${dropSlotSql(slot.name)}\n-- then: freshet setup`,
    },
  ];
}
