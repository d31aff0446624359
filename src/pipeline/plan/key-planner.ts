import type { Change } from '../../domain/change.ts';
import type { CacheKey, Effect, Origin, Skip } from '../../domain/effect.ts';
import { effectOnAll } from '../../domain/effect-on-all.ts';
import type { KeyTemplate } from '../../domain/key-template.ts';
import type { Rule } from '../../domain/rule.ts';
import type { Table } from '../../domain/table.ts';
import type { Version } from '../../domain/version.ts';
import { escapeGlob } from '../../template/key-pattern.ts';
import { originOf } from '../../template/origin-of.ts';
import { compileTemplate, type Render } from '../../template/render-template.ts';
import { compileAction, type EffectOnOne } from './compile-action.ts';
import { compileFanOut, type PlanFanOut } from './plan-fan-out.ts';
import { touches } from './touch.ts';

/** A template of a rule, with its columns resolved in one table. */
interface PlannedKey {
  readonly origin: Origin;
  readonly render: Render;
  readonly isConstant: boolean;
  readonly isInIdentity: boolean;
  readonly onOne: EffectOnOne;
  readonly onAll: (version: () => Version) => Effect;
}

/** A rule, with its columns resolved in one table. */
interface PlannedRule {
  readonly keys: readonly PlannedKey[];
  readonly fanOuts: readonly PlanFanOut[];
}

export type Emit = (planned: Effect | Skip) => void;

/**
 * Says which keys a change touches, those of the new row and those of the old one, and what becomes of them. Pure but
 * for what it remembers of templates and tables. Where the stream does not tell the old key, every key of the template
 * is concerned: coarse, but never a stale key (rules for which that would be normal are refused at the start).
 */
export class KeyPlanner {
  readonly #origins = new Map<KeyTemplate, Origin>();
  readonly #planned = new WeakMap<Table, Map<Rule, PlannedRule>>();

  /** @param version of the change; asked for only by actions that write */
  plan(change: Change, rule: Rule, version: () => Version, emit: Emit): void {
    const { keys, fanOuts } = this.#resolved(change.table, rule);
    for (const key of keys) planKey(change, key, version, emit);
    for (const planFanOut of fanOuts) for (const effect of planFanOut(change)) emit(effect);
  }

  #resolved(table: Table, rule: Rule): PlannedRule {
    let byRule = this.#planned.get(table);
    if (byRule === undefined) this.#planned.set(table, (byRule = new Map()));
    let planned = byRule.get(rule);
    if (planned === undefined) byRule.set(rule, (planned = this.#resolve(table, rule)));
    return planned;
  }

  #resolve(table: Table, rule: Rule): PlannedRule {
    const { action } = rule;
    const identity = new Set(
      table.columns.filter((column) => column.inIdentity).map((column) => column.name),
    );
    const escape = action.kind === 'purgePattern' ? escapeGlob : undefined;
    const keys = rule.keys.map((template): PlannedKey => {
      const origin = this.#originOf(rule, template);
      return {
        origin,
        onOne: compileAction(rule, template, table),
        onAll: (version) => effectOnAll(action, origin, version),
        render: compileTemplate(template, table, escape),
        isConstant: template.columns.length === 0,
        isInIdentity: template.columns.every((column) => identity.has(column)),
      };
    });
    const fanOuts = rule.fanOuts.map((fanOut) =>
      compileFanOut(fanOut, action, this.#originOf(rule, fanOut.key), table),
    );
    return { keys, fanOuts };
  }

  /** One object a template, whatever the number of partitions: batches tell templates apart by it. */
  #originOf(rule: Rule, template: KeyTemplate): Origin {
    let origin = this.#origins.get(template);
    if (origin === undefined) this.#origins.set(template, (origin = originOf(rule, template)));
    return origin;
  }
}

function planKey(
  change: Change,
  { origin, render, isConstant, isInIdentity, onOne, onAll }: PlannedKey,
  version: () => Version,
  emit: Emit,
): void {
  if (change.kind === 'truncate') {
    const key = isConstant ? render([]) : undefined;
    const isKey = typeof key === 'string';
    emit(isKey ? onOne({ kind: 'gone', key: key as CacheKey, row: [] }, origin, version) : onAll(version));
    return;
  }
  for (const touch of touches(change, render, isInIdentity)) {
    if (touch.kind === 'null') emit({ kind: 'skip', origin });
    else if (touch.kind === 'untold') emit(onAll(version));
    else emit(onOne(touch, origin, version));
  }
}
