/** Between a value and the text that Redis keeps of it. Whatever it decodes must equal what it encoded. */
export interface Codec<T> {
  readonly encode: (value: T) => string;
  /** May throw: a payload that cannot be read counts as a miss. */
  readonly decode: (payload: string) => T;
}

/**
 * JSON, for values that it gives back as they were. Others are refused: a `Date` that is a text after a hit, but not
 * after a miss, is a fault that nobody finds.
 */
export const JSON_CODEC: Codec<unknown> = {
  encode: (value) => JSON.stringify(value, faithful),
  decode: (payload) => JSON.parse(payload),
};

/** A replacer of JSON.stringify that replaces nothing; `this` is the object that holds the value. */
function faithful(this: unknown, name: string, value: unknown): unknown {
  // `value` is what `toJSON` made of it already.
  const original = (this as Record<string, unknown>)[name];
  const loss = whatIsLost(original, Array.isArray(this));
  if (loss === undefined) return value;
  const place = name === '' ? 'the value' : `the value's ${JSON.stringify(name)}`;
  throw new TypeError(
    `JSON does not give ${place} back as it was: it is ${loss}. ` +
      'Give the cache a codec that does, such as {encode: superjson.stringify, decode: superjson.parse}, ' +
      'or let the loader return it as a text or number',
  );
}

function whatIsLost(value: unknown, isInArray: boolean): string | undefined {
  switch (typeof value) {
    case 'bigint':
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    case 'number':
      return Number.isFinite(value) ? undefined : String(value);
    case 'undefined':
      // As a property it is left out, which reads the same.
      return isInArray ? 'undefined' : undefined;
    case 'object':
      return value === null ? undefined : lostClass(value);
    default:
      return undefined;
  }
}

/** Of rows and other plain objects nothing is lost, of a class its methods, of Map and Set everything. */
function lostClass(value: object): string | undefined {
  if (Object.hasOwn(value, 'toJSON') && 'toJSON' in value && typeof value.toJSON === 'function') {
    return 'an object with toJSON';
  }
  if (Array.isArray(value)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Object.prototype, of whatever realm: nothing is above it.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined;
  return `a ${value.constructor.name}`;
}
