import type { Change, Row } from '../../domain/change.ts';
import type { CacheKey } from '../../domain/effect.ts';
import type { Render } from '../../template/render-template.ts';

/** What a change has to do with the keys of one template. */
export type Touch =
  /** The row is under this key now, with unchanged TOAST values filled in from the old row where it has them. */
  | {
      readonly kind: 'stored';
      readonly key: CacheKey;
      readonly row: Row;
      /** What is told of the row before, where it was under this key already; undefined where it was not, or may not. */
      readonly previous: Row | undefined;
    }
  /** The row is not under this key any more. */
  | { readonly kind: 'gone'; readonly key: CacheKey; readonly row: Row }
  /** A column of the key is NULL: there is no such key. */
  | { readonly kind: 'null' }
  /** Some key of the template, but the row does not tell which. */
  | { readonly kind: 'untold' };

const NOTHING_TOLD: Row = [];

/**
 * Evaluates a template on the old and the new row.
 * @param isInIdentity every column of the template is in the replica identity, so that an update without an old row
 * has left the key as it was
 */
export function touches(
  change: Exclude<Change, { kind: 'truncate' }>,
  render: Render,
  isInIdentity: boolean,
): readonly Touch[] {
  switch (change.kind) {
    case 'insert':
      return [stored(render, change.new, undefined)];
    case 'delete':
      return [gone(render, change.old)];
    case 'update': {
      const { old } = change;
      if (old === undefined) {
        // A column that is not told is as it was.
        if (isInIdentity) return [stored(render, change.new, NOTHING_TOLD)];
        // First what purges: it spares what its own change has written, and that would go into what is to be purged.
        return [{ kind: 'untold' }, stored(render, change.new, undefined)];
      }
      const row = change.new.map((value, index) => (value === undefined ? old[index] : value));
      const before = gone(render, old);
      const now = stored(render, row, old);
      const isSame = before.kind === 'gone' && now.kind === 'stored' && before.key === now.key;
      if (isSame) return [now];
      return [before, now.kind === 'stored' ? { ...now, previous: undefined } : now];
    }
  }
}

function stored(render: Render, row: Row, previous: Row | undefined): Touch {
  const key = render(row);
  if (key === null) return { kind: 'null' };
  return key === undefined ? { kind: 'untold' } : { kind: 'stored', key: key as CacheKey, row, previous };
}

function gone(render: Render, row: Row): Touch {
  const key = render(row);
  if (key === null) return { kind: 'null' };
  return key === undefined ? { kind: 'untold' } : { kind: 'gone', key: key as CacheKey, row };
}
