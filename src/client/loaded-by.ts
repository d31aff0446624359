/**
 * What a loader of many keys has returned, as it is. A Map by something else, the rows' ids, would say of every key that
 * it has no row.
 *
 * @throws TypeError where it is no Map, or has a key that was not asked for; keys are named, values are not
 */
export function loadedBy<T>(values: ReadonlyMap<string, T>, keys: readonly string[]): ReadonlyMap<string, T> {
  if (!isMap(values)) {
    throw new TypeError(
      `the loader of getMany has returned ${kindOf(values)}: it must return a Map of the keys that it was given to their values`,
    );
  }
  const asked = new Set<unknown>(keys);
  for (const key of values.keys()) {
    if (asked.has(key)) continue;
    throw new TypeError(
      `the loader of getMany has returned a value for ${named(key)}, for which it was not asked: ` +
        `its Map must have the keys that it was given, such as ${named(keys[0])}`,
    );
  }
  return values;
}

/** By what is used of it: it may be of another realm, or a class of its own. */
function isMap(values: unknown): boolean {
  return typeof values === 'object' && values !== null && 'get' in values && 'keys' in values;
}

function kindOf(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  const { constructor } = value;
  return typeof constructor === 'function' ? `a value of the class ${constructor.name}` : 'an object';
}

function named(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : `${String(key)} (${typeof key})`;
}
