/** The word for an effect, followed by the key, the pattern or the template that it is about. */
export const EFFECT_WORDS = [
  'delete',
  'stale',
  'set',
  'hash',
  'sortedSet',
  'refresh',
  'publish',
  'publishPattern',
  'purge',
  'purgeTag',
  'purgeTags',
  'fanOut',
  'skip',
] as const;
export type EffectWord = (typeof EFFECT_WORDS)[number];

/** What else may be said about an effect. */
export const EFFECT_DETAILS = [
  'value',
  'fields',
  'members',
  'query',
  'with',
  'onlyIfExists',
  'format',
  'serveFor',
  'fillGrace',
  'channel',
  'stream',
  'rule',
] as const;
export type EffectDetail = (typeof EFFECT_DETAILS)[number];

/** An effect in the words of fixtures, in which `explain` and `test` speak of effects too. */
export interface WordedEffect {
  readonly word: EffectWord;
  readonly subject: string;
  readonly details: Readonly<Partial<Record<EffectDetail, unknown>>>;
}
