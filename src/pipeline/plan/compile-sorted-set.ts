import type { Write } from '../../domain/effect.ts';
import type { Reading, RuleAction } from '../../domain/rule.ts';
import { scoreOf } from '../../domain/score.ts';
import type { Table } from '../../domain/table.ts';
import { compileTemplate } from '../../template/render-template.ts';
import type { EffectOnOne, KeyTouch } from './compile-action.ts';
import { compileParameters } from './compile-parameters.ts';

/**
 * The member that the row is now goes in, the one that it was goes out. Where the old row does not tell which that
 * was, nobody can take it out: the set goes, and where it may be read it is built anew.
 * @param reading of the whole set, where the rule wants one that does not exist
 */
export function compileSortedSet(
  { member, score, expiry }: Extract<RuleAction, { kind: 'sortedSet' }>,
  reading: Reading | undefined,
  table: Table,
): EffectOnOne {
  const render = compileTemplate(member, table);
  const scoreAt = table.columns.findIndex(({ name }) => name === score);
  const isInIdentity = member.columns.every((name) =>
    table.columns.some((column) => column.name === name && column.inIdentity),
  );
  const bind = reading && compileParameters(reading.query, table);

  /** By member, undefined where the rows do not tell. */
  const changesOf = (touch: KeyTouch): ReadonlyMap<string, string | null> | undefined => {
    const changes = new Map<string, string | null>();
    const now = render(touch.row);
    if (now === undefined) return undefined;
    if (touch.kind === 'gone') return now === null ? changes : changes.set(now, null);
    const before = memberBefore(touch, now);
    const value = scoreOf(touch.row[scoreAt]);
    if (before === undefined || value === undefined) return undefined;
    if (before !== null) changes.set(before, null);
    return now === null ? changes : changes.set(now, value);
  };

  /** Null where the row was no member of this set. */
  const memberBefore = ({ previous }: Extract<KeyTouch, { kind: 'stored' }>, now: string | null) => {
    if (previous === undefined) return null;
    // Postgres sends no old row where no column of the identity has changed.
    return previous.length === 0 && isInIdentity ? now : render(previous);
  };

  return (touch, origin, version) => {
    const { key, row } = touch;
    const members = changesOf(touch);
    const part: Write =
      members === undefined ? { op: 'remove' } : { op: 'sortedSet', members, isComplete: false, expiry };
    const values = bind?.(row);
    return reading === undefined || values === undefined
      ? { kind: 'write', key, write: part, version: version(), origin }
      : { kind: 'refresh', key, action: reading, values, part, version: version(), origin };
  };
}
