import type { RuleAction } from './rule.ts';

/** What may happen to keys that a query finds: what needs no row. */
export const FAN_OUT_ACTIONS = [
  'delete',
  'stale',
  'purgeTag',
  'publish',
] as const satisfies readonly RuleAction['kind'][];

export type FanOutAction = Extract<RuleAction, { kind: (typeof FAN_OUT_ACTIONS)[number] }>;

export function isFanOutAction(action: RuleAction): action is FanOutAction {
  return FAN_OUT_ACTIONS.some((kind) => kind === action.kind);
}
