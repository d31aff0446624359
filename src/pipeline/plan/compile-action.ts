import type { Effect, Origin, Write } from '../../domain/effect.ts';
import { effectOnKey } from '../../domain/effect-on-key.ts';
import type { KeyTemplate } from '../../domain/key-template.ts';
import type { Reading, Rule, RuleAction } from '../../domain/rule.ts';
import type { Column, Table } from '../../domain/table.ts';
import type { Version } from '../../domain/version.ts';
import { counterReading, setReading } from '../../sql/reading-of.ts';
import { compileTemplate } from '../../template/render-template.ts';
import { compileParameters } from './compile-parameters.ts';
import { compileSortedSet } from './compile-sorted-set.ts';
import { jsonText } from './json-text.ts';
import type { Touch } from './touch.ts';

export type KeyTouch = Extract<Touch, { kind: 'stored' | 'gone' }>;

/** What an action makes of one key. */
export type EffectOnOne = (touch: KeyTouch, origin: Origin, version: () => Version) => Effect;

/** Resolves an action's columns in a table once. @param template of the keys */
export function compileAction(
  rule: Pick<Rule, 'action' | 'table'>,
  template: KeyTemplate,
  table: Table,
): EffectOnOne {
  const { action } = rule;
  switch (action.kind) {
    case 'delete':
    case 'stale':
    case 'purgeTag':
    case 'publish':
      return ({ key }, origin) => effectOnKey(action, key, origin);
    case 'purgePattern':
      return ({ key }, origin) => ({ kind: 'purge', of: 'keys', pattern: key, origin });
    case 'refresh':
      return compileRefresh(action, template, table);
    case 'counter':
      return compileRefresh(counterReading(rule.table, action, template), template, table);
    case 'sortedSet':
      return compileSortedSet(action, setReading(rule.table, action, template), table);
    case 'set':
      return writeOf(compileSet(action, table));
    case 'hash':
      return writeOf(compileHash(action, table));
  }
}

/**
 * A key that lost its row is read again too, for other rows may still belong to it; but only by a query of the very
 * columns that the key has. One by `${id}` would find the row that has left `product:${slug}` or `${shop}:${id}`, and
 * store it there, where no later change of it looks.
 */
function compileRefresh(action: Reading, template: KeyTemplate, table: Table): EffectOnOne {
  const bind = compileParameters(action.query, table);
  const isOfKey = new Set(action.query.columns).symmetricDifference(new Set(template.columns)).size === 0;
  return ({ kind, key, row }, origin, version): Effect => {
    const values = kind === 'stored' || isOfKey ? bind(row) : undefined;
    return values === undefined
      ? { kind: 'write', key, write: REMOVE, version: version(), origin }
      : { kind: 'refresh', key, action, values, version: version(), origin };
  };
}

type ValueOf = (touch: Extract<Touch, { kind: 'stored' }>) => Write;

function writeOf(valueOf: ValueOf): EffectOnOne {
  return (touch, origin, version) => {
    const write = touch.kind === 'gone' ? REMOVE : valueOf(touch);
    return { kind: 'write', key: touch.key, write, version: version(), origin };
  };
}

/** Also for a value that the row does not tell in full: it cannot be written, and a reader will fill the key. */
const REMOVE: Write = { op: 'remove' };

function compileSet(
  { columns, template, expiry, asEntry }: Extract<RuleAction, { kind: 'set' }>,
  table: Table,
): ValueOf {
  const form = asEntry === undefined ? { expiry } : { expiry, asEntry };
  if (template !== undefined) {
    const render = compileTemplate(template, table);
    return ({ row }) => {
      const value = render(row);
      return typeof value === 'string' ? { op: 'set', value, ...form } : REMOVE;
    };
  }
  const chosen = chooseColumns(table, columns);
  return ({ row }) => {
    const members: string[] = [];
    for (const { column, index } of chosen) {
      const value = row[index];
      if (value === undefined) return REMOVE;
      members.push(`${JSON.stringify(column.name)}:${jsonText(value, column)}`);
    }
    return { op: 'set', value: `{${members.join(',')}}`, ...form };
  };
}

function compileHash(
  { columns, nulls, expiry }: Extract<RuleAction, { kind: 'hash' }>,
  table: Table,
): ValueOf {
  const chosen = chooseColumns(table, columns);
  return ({ row, previous }) => {
    const fields = new Map<string, string | null>();
    // Without any value there was no hash that a part could go into.
    const wasEmpty = nulls === 'remove' && chosen.every(({ index }) => previous?.[index] === null);
    let isComplete = true;
    for (const { column, index } of chosen) {
      const value = row[index];
      // Unchanged, or lost with its column; and where the row was not before, the field would be that of another row.
      if (value === undefined && (index === LOST || previous === undefined)) return REMOVE;
      if (value === undefined || value === previous?.[index]) isComplete = false;
      else fields.set(column.name, value ?? (nulls === 'empty' ? '' : null));
    }
    return { op: 'hash', fields, isComplete: isComplete || wasEmpty, expiry };
  };
}

/** The index of a column that the table does not have any more. */
const LOST = -1;

interface ChosenColumn {
  readonly column: Column;
  readonly index: number;
}

/** In the order of the choice; a column that the table has lost leaves every value untold. */
function chooseColumns(table: Table, names: readonly string[] | undefined): readonly ChosenColumn[] {
  const all = table.columns.map((column, index) => ({ column, index }));
  if (names === undefined) return all;
  return names.map(
    (name) =>
      all.find(({ column }) => column.name === name) ?? {
        column: { name, typeOid: 0, inIdentity: false },
        index: LOST,
      },
  );
}
