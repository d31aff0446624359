import type { Effect } from './effect.ts';

type NamedEffect = Extract<Effect, { kind: 'purge' | 'publish' | 'fanOut' }>;

/** What tells an effect on no single key from others of its kind: two of one name are one. */
export function effectName(effect: NamedEffect): string {
  switch (effect.kind) {
    case 'purge':
      return `${effect.of} ${effect.pattern}`;
    case 'publish':
      return JSON.stringify([effect.to.to, effect.to.name, effect.origin.rule, effect.subject]);
    case 'fanOut':
      // A rule may have two queries for the same keys.
      return JSON.stringify([
        effect.origin.rule,
        effect.origin.template,
        effect.fanOut.each.source,
        effect.typeOids,
        effect.values,
      ]);
  }
}
