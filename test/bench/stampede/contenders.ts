import { BENTO_GRACED, BENTO_REDIS, BENTO_TWO_LAYERS } from './bentocache-contender.ts';
import { CACHEABLE_REDIS, CACHEABLE_TWO_LAYERS } from './cacheable-contender.ts';
import type { Contender } from './contender.ts';
import { FRESHET_DELETE, FRESHET_STALE } from './freshet-contender.ts';
import { PLAIN } from './plain-contender.ts';

export const CONTENDERS: readonly Contender[] = [
  FRESHET_DELETE,
  FRESHET_STALE,
  BENTO_TWO_LAYERS,
  BENTO_GRACED,
  BENTO_REDIS,
  CACHEABLE_TWO_LAYERS,
  CACHEABLE_REDIS,
  PLAIN,
];
