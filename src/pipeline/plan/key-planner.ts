import type { Change } from '../../domain/change.ts';
import type { CacheKey, Effect, Origin, Skip } from '../../domain/effect.ts';
import type { KeyTemplate } from '../../domain/key-template.ts';
import type { Rule } from '../../domain/rule.ts';
import type { Table } from '../../domain/table.ts';
import type { Version } from '../../domain/version.ts';
import { compileAction, type PlannedAction } from './compile-action.ts';
import { escapeGlob, keyPattern, patternOfPattern } from './key-pattern.ts';
import { compileTemplate, type Render } from './render-key.ts';
import { touches } from './touch.ts';

/** A template of a rule, with its columns resolved in one table. */
interface PlannedKey {
  readonly origin: Origin;
  readonly render: Render;
  readonly isConstant: boolean;
  readonly isInIdentity: boolean;
  readonly action: PlannedAction;
}

export type Emit = (planned: Effect | Skip) => void;

/**
 * Says which keys a change touches, those of the new row and those of the old one, and what becomes of them. Pure but
 * for what it remembers of templates and tables. Where the stream does not tell the old key, every key of the template
 * is concerned: coarse, but never a stale key (rules for which that would be normal are refused at the start).
 */
export class KeyPlanner {
  readonly #origins = new Map<Rule, readonly Origin[]>();
  readonly #planned = new WeakMap<Table, Map<Rule, readonly PlannedKey[]>>();

  /** @param version of the change; asked for only by actions that write */
  plan(change: Change, rule: Rule, version: () => Version, emit: Emit): void {
    for (const { origin, render, isConstant, isInIdentity, action } of this.#keys(change.table, rule)) {
      if (change.kind === 'truncate') {
        const key = isConstant ? render([]) : undefined;
        emit(
          typeof key === 'string'
            ? action.one({ kind: 'gone', key: key as CacheKey }, origin, version)
            : action.all(origin),
        );
        continue;
      }
      for (const touch of touches(change, render, isInIdentity)) {
        if (touch.kind === 'null') emit({ kind: 'skip', origin });
        else if (touch.kind === 'untold') emit(action.all(origin));
        else emit(action.one(touch, origin, version));
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
    const action = compileAction(rule.action, table);
    const escape = rule.action.kind === 'purgePattern' ? escapeGlob : undefined;
    return rule.keys.flatMap((template, index) => {
      const origin = origins[index];
      return origin === undefined
        ? []
        : {
            origin,
            render: compileTemplate(template, table, escape),
            isConstant: template.columns.length === 0,
            isInIdentity: template.columns.every((column) => identity.has(column)),
            action,
          };
    });
  }

  /** One object a template, whatever the number of partitions: batches tell templates apart by it. */
  #originsOf(rule: Rule): readonly Origin[] {
    let origins = this.#origins.get(rule);
    if (origins === undefined) {
      const pattern = rule.action.kind === 'purgePattern' ? patternOfPattern : keyPattern;
      origins = rule.keys.map((template: KeyTemplate) => ({
        rule: rule.name,
        template: template.source,
        pattern: pattern(template),
      }));
      this.#origins.set(rule, origins);
    }
    return origins;
  }
}
