import type { Row } from '../../domain/change.ts';
import type { Effect, Origin, Write } from '../../domain/effect.ts';
import type { RuleAction } from '../../domain/rule.ts';
import type { Column, Table } from '../../domain/table.ts';
import type { Version } from '../../domain/version.ts';
import { compileTemplate } from '../../template/render-template.ts';
import { compileParameters } from './compile-parameters.ts';
import { jsonText } from './json-text.ts';
import type { Touch } from './touch.ts';

type KeyTouch = Extract<Touch, { kind: 'stored' | 'gone' }>;

/** What an action makes of a template's keys. */
export interface PlannedAction {
  /** The effect on one key. */
  readonly one: (touch: KeyTouch, origin: Origin, version: () => Version) => Effect;
  /** The effect where all keys are concerned, or where nobody can tell which: TRUNCATE, an old key that is not known. */
  readonly all: (origin: Origin) => Effect;
}

/** Resolves an action's columns in a table once. */
export function compileAction(action: RuleAction, table: Table): PlannedAction {
  switch (action.kind) {
    case 'delete':
      return { one: ({ key }, origin) => ({ kind: 'delete', key, origin }), all: purge };
    case 'purgeTag':
      return {
        one: ({ key }, origin) => ({ kind: 'purgeTag', key, origin }),
        all: (origin) => ({ kind: 'purge', of: 'tags', pattern: origin.pattern, origin }),
      };
    case 'purgePattern':
      return { one: ({ key }, origin) => ({ kind: 'purge', of: 'keys', pattern: key, origin }), all: purge };
    case 'publish':
      return {
        one: ({ key }, origin) => ({ kind: 'publish', subject: { key }, to: action, origin }),
        all: (origin) => ({ kind: 'publish', subject: { pattern: origin.pattern }, to: action, origin }),
      };
    case 'refresh':
      return { one: compileRefresh(action, table), all: purge };
    case 'set':
      return { one: writeOf(compileSet(action, table)), all: purge };
    case 'hash':
      return { one: writeOf(compileHash(action, table)), all: purge };
  }
}

function purge(origin: Origin): Effect {
  return { kind: 'purge', of: 'keys', pattern: origin.pattern, origin };
}

/** A key that lost its row is read again too: other rows may still belong to it. */
function compileRefresh(
  action: Extract<RuleAction, { kind: 'refresh' }>,
  table: Table,
): PlannedAction['one'] {
  const bind = compileParameters(action.query, table);
  return ({ key, row }, origin, version): Effect => {
    const values = bind(row);
    return values === undefined
      ? { kind: 'delete', key, origin }
      : { kind: 'refresh', key, action, values, version: version(), origin };
  };
}

type StoredTouch = Extract<Touch, { kind: 'stored' }>;

/** A value that the row does not tell in full cannot be written: the key is deleted, and its reader fills it. */
function writeOf(valueOf: (touch: StoredTouch) => Write | undefined): PlannedAction['one'] {
  return (touch, origin, version) => {
    const { key } = touch;
    const write: Write | undefined = touch.kind === 'gone' ? { op: 'remove' } : valueOf(touch);
    return write === undefined
      ? { kind: 'delete', key, origin }
      : { kind: 'write', key, write, version: version(), origin };
  };
}

type ValueOf = (touch: StoredTouch) => Write | undefined;

function compileSet(
  { columns, template, expiry }: Extract<RuleAction, { kind: 'set' }>,
  table: Table,
): ValueOf {
  if (template !== undefined) {
    const render = compileTemplate(template, table);
    return ({ row }) => {
      const value = render(row);
      if (value === null) return { op: 'remove' };
      return value === undefined ? undefined : { op: 'set', value, expiry };
    };
  }
  const chosen = chooseColumns(table, columns);
  return ({ row }) => {
    const members: string[] = [];
    for (const { column, index } of chosen) {
      const value = row[index];
      if (value === undefined) return undefined;
      members.push(`${JSON.stringify(column.name)}:${jsonText(value, column)}`);
    }
    return { op: 'set', value: `{${members.join(',')}}`, expiry };
  };
}

function compileHash(
  { columns, nulls, expiry }: Extract<RuleAction, { kind: 'hash' }>,
  table: Table,
): ValueOf {
  const chosen = chooseColumns(table, columns);
  return ({ row, previous }) => {
    const fields = new Map<string, string | null>();
    let isComplete = true;
    for (const { column, index } of chosen) {
      const value = row[index];
      if (value === undefined || isUnchanged(value, previous, index)) isComplete = false;
      else fields.set(column.name, value ?? (nulls === 'empty' ? '' : null));
    }
    return { op: 'hash', fields, isComplete, expiry };
  };
}

function isUnchanged(value: string | null, previous: Row | undefined, index: number): boolean {
  return previous !== undefined && previous[index] === value;
}

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
        index: -1,
      },
  );
}
