import type { CacheKey, Effect } from '../../domain/effect.ts';
import { effectOnKey } from '../../domain/effect-on-key.ts';
import { compileTemplate } from '../../template/render-template.ts';
import { resultTable } from './result-table.ts';

/**
 * The effects on the keys that a fan-out has found.
 * @param rows by r0, r1, ...: the columns of the key in their order
 */
export function fanOutEffects(
  { fanOut: { key }, action, origin }: Extract<Effect, { kind: 'fanOut' }>,
  rows: readonly Readonly<Record<string, string | null>>[],
): readonly Effect[] {
  const render = compileTemplate(key, resultTable(key.columns));
  return rows.flatMap((row) => {
    const text = render(key.columns.map((_, index) => row[`r${index}`] ?? null));
    // A NULL in a key: there is no such key.
    return typeof text === 'string' ? [effectOnKey(action, text as CacheKey, origin)] : [];
  });
}
