import type { Effect, Origin } from './effect.ts';
import type { RuleAction } from './rule.ts';
import type { Version } from './version.ts';

/**
 * The effect on every key of a template: after TRUNCATE, a mass change, or where nobody can tell which key it is. What
 * would be written, read again or marked stale is removed: its readers fill it.
 * @param version of the change, where there is one: delivered again, a purge must spare what was written after it
 */
export function effectOnAll(action: RuleAction, origin: Origin, version?: () => Version): Effect {
  const { pattern } = origin;
  switch (action.kind) {
    case 'publish':
      return { kind: 'publish', subject: { pattern }, to: action, origin };
    case 'purgeTag':
      return { kind: 'purge', of: 'tags', pattern, origin };
    case 'delete': {
      const { fillGraceMs } = action;
      const purge = { kind: 'purge', of: 'keys', pattern, origin } as const;
      return fillGraceMs === undefined ? purge : { ...purge, fillGraceMs };
    }
    case 'stale':
    case 'purgePattern':
      return { kind: 'purge', of: 'keys', pattern, origin };
    case 'set':
    case 'hash':
    case 'refresh':
    case 'sortedSet':
    case 'counter': {
      const purge = { kind: 'purge', of: 'keys', pattern, origin } as const;
      return version === undefined ? purge : { ...purge, version: version() };
    }
  }
}
