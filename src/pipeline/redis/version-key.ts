import { OWN_PREFIX } from './own-keys.ts';

/**
 * The name under which a key's version lies: in the same Cluster slot, whether the key has a hash tag or not. (Not for
 * a key with a closing brace and no hash tag, such as `a}b`: no tag can say where it is.) The `of` tells the version of
 * `{a}` from that of `a`.
 */
export function versionKey(key: string): string {
  return hasHashTag(key) ? `${OWN_PREFIX}version:of:${key}` : `${OWN_PREFIX}version:{${key}}`;
}

/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags */
function hasHashTag(key: string): boolean {
  const open = key.indexOf('{');
  const close = key.indexOf('}', open + 1);
  return open >= 0 && close > open + 1;
}
