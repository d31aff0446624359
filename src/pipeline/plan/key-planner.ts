import type { Change, Row } from '../../domain/change.ts';
import type { Effect, Origin, Skip } from '../../domain/effect.ts';
import type { Rule } from '../../domain/rule.ts';
import type { Table } from '../../domain/table.ts';
import { keyPattern } from './key-pattern.ts';
import { compileTemplate, type RenderKey } from './render-key.ts';

/** A template of a rule, with its columns resolved in one table. */
interface PlannedKey {
  readonly origin: Origin;
  readonly render: RenderKey;
  readonly isConstant: boolean;
  /** Every column of the key is in the replica identity: an update without an old row has left the key as it was. */
  readonly isInIdentity: boolean;
}

export type Emit = (planned: Effect | Skip) => void;

/**
 * Says which keys a change touches: those of the new row and those of the old one. Pure but for what it remembers of
 * templates and tables. Where the stream does not tell the old key, every key of the template is purged: coarse, but
 * never a stale key (rules for which that would be normal are refused at the start).
 */
export class KeyPlanner {
  readonly #origins = new Map<Rule, readonly Origin[]>();
  readonly #planned = new WeakMap<Table, Map<Rule, readonly PlannedKey[]>>();

  plan(change: Change, rule: Rule, emit: Emit): void {
    for (const key of this.#keys(change.table, rule)) {
      switch (change.kind) {
        case 'insert':
          emitKey(key, change.new, emit);
          break;
        case 'delete':
          emitKey(key, change.old, emit);
          break;
        case 'update':
          emitUpdate(key, change.old, change.new, emit);
          break;
        case 'truncate':
          if (key.isConstant) emitKey(key, [], emit);
          else emit({ kind: 'purge', origin: key.origin });
          break;
      }
    }
  }

  #keys(table: Table, rule: Rule): readonly PlannedKey[] {
    let byRule = this.#planned.get(table);
    if (byRule === undefined) this.#planned.set(table, (byRule = new Map()));
    let keys = byRule.get(rule);
    if (keys === undefined) byRule.set(rule, (keys = this.#resolve(table, rule)));
    return keys;
  }

  #resolve(table: Table, rule: Rule): readonly PlannedKey[] {
    const identity = new Set(
      table.columns.filter((column) => column.inIdentity).map((column) => column.name),
    );
    const origins = this.#originsOf(rule);
    return rule.keys.flatMap((template, index) => {
      const origin = origins[index];
      return origin === undefined
        ? []
        : {
            origin,
            render: compileTemplate(template, table),
            isConstant: template.columns.length === 0,
            isInIdentity: template.columns.every((column) => identity.has(column)),
          };
    });
  }

  /** One object a template, whatever the number of partitions: batches tell templates apart by it. */
  #originsOf(rule: Rule): readonly Origin[] {
    let origins = this.#origins.get(rule);
    if (origins === undefined) {
      origins = rule.keys.map((template) => ({
        rule: rule.name,
        template: template.source,
        pattern: keyPattern(template),
      }));
      this.#origins.set(rule, origins);
    }
    return origins;
  }
}

function emitKey({ origin, render }: PlannedKey, row: Row, emit: Emit): void {
  const key = render(row);
  if (key === null) emit({ kind: 'skip', origin });
  else if (key === undefined) emit({ kind: 'purge', origin });
  else emit({ kind: 'delete', key, origin });
}

function emitUpdate(key: PlannedKey, oldRow: Row | undefined, newRow: Row, emit: Emit): void {
  if (oldRow === undefined) {
    emitKey(key, newRow, emit);
    if (!key.isInIdentity) emit({ kind: 'purge', origin: key.origin });
    return;
  }
  emitKey(key, oldRow, emit);
  // An unchanged TOAST value is not sent again; the old row has it where the replica identity covers it.
  emitKey(
    key,
    newRow.map((value, index) => (value === undefined ? oldRow[index] : value)),
    emit,
  );
}
