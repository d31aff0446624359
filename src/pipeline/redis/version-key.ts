/** The name under which a key's version lies: in the same Cluster slot, whether the key has a hash tag or not. */
export function versionKey(key: string): string {
  return hasHashTag(key) ? `freshet:version:${key}` : `freshet:version:{${key}}`;
}

/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags */
function hasHashTag(key: string): boolean {
  const open = key.indexOf('{');
  const close = key.indexOf('}', open + 1);
  return open >= 0 && close > open + 1;
}
