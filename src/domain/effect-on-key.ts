import type { CacheKey, Effect, Origin } from './effect.ts';
import type { FanOutAction } from './fan-out-action.ts';

/** The effect of an action on a key that is known; no row is asked for. */
export function effectOnKey(action: FanOutAction, key: CacheKey, origin: Origin): Effect {
  switch (action.kind) {
    case 'delete': {
      const { fillGraceMs } = action;
      return fillGraceMs === undefined
        ? { kind: 'delete', key, origin }
        : { kind: 'delete', key, origin, fillGraceMs };
    }
    case 'stale':
      return { kind: 'stale', key, serveMs: action.serveMs, origin };
    case 'purgeTag':
      return { kind: 'purgeTag', key, origin };
    case 'publish':
      return { kind: 'publish', subject: { key }, to: action, origin };
  }
}
