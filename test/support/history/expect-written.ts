import { expect } from 'vitest';
import type { ViewCache } from './cache.ts';
import type { RowChange } from './history.ts';
import type { Identity } from './identity.ts';
import type { TableState } from './stored-row.ts';
import type { View } from './view.ts';

/** What must have been written is there, and for a time only. Without it a daemon that removes everything would do. */
export async function expectWritten(
  cache: ViewCache,
  views: readonly View[],
  changes: readonly RowChange[],
  identities: readonly [Identity, Identity],
  state: TableState,
): Promise<void> {
  const contents = await cache.contents();
  const written = views.flatMap((view) =>
    [...(view.writtenKeys?.(changes, identities) ?? [])].filter(
      (key) => view.contentOf(key, state) !== undefined,
    ),
  );
  expect(
    written.filter((key) => !contents.has(key)),
    'keys that were written and are gone',
  ).toEqual([]);
  expect(await cache.keysForEver(), 'keys without a TTL').toEqual([]);
}
