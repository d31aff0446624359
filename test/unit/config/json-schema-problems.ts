import { isDeepStrictEqual } from 'node:util';

type Schema = Readonly<Record<string, unknown>>;

/** Whether a value breaks the keyword, given its value and the schema that it stands in. */
type Keyword = (expected: unknown, value: unknown, schema: Schema) => boolean;

const passes = (schema: unknown, value: unknown): boolean =>
  jsonSchemaProblems(schema as Schema, value).length === 0;
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** The keywords of https://json-schema.org/draft/2020-12 that the schema of a rule uses; true where one is broken. */
const KEYWORDS: Readonly<Record<string, Keyword>> = {
  $schema: () => false,
  title: () => false,
  description: () => false,
  type: (types, value) => !list(types).some((type) => hasType(value, type)),
  const: (expected, value) => !isDeepStrictEqual(value, expected),
  enum: (expected, value) => !list(expected).includes(value),
  pattern: (pattern, value) => typeof value === 'string' && !new RegExp(String(pattern), 'u').test(value),
  minLength: (least, value) => typeof value === 'string' && Array.from(value).length < Number(least),
  minimum: (least, value) => typeof value === 'number' && value < Number(least),
  maximum: (most, value) => typeof value === 'number' && value > Number(most),
  required: (names, value) => isMap(value) && list(names).some((name) => !Object.hasOwn(value, String(name))),
  properties: (properties, value) =>
    isMap(value) &&
    Object.entries(properties as Schema).some(
      ([name, schema]) => Object.hasOwn(value, name) && !passes(schema, value[name]),
    ),
  additionalProperties: (additional, value, { properties = {} }) =>
    isMap(value) &&
    Object.entries(value).some(
      ([name, inner]) =>
        !Object.hasOwn(properties as Schema, name) && (additional === false || !passes(additional, inner)),
    ),
  propertyNames: (schema, value) => isMap(value) && Object.keys(value).some((name) => !passes(schema, name)),
  items: (schema, value) => Array.isArray(value) && value.some((item) => !passes(schema, item)),
  minItems: (least, value) => Array.isArray(value) && value.length < Number(least),
  contains: (schema, value) => Array.isArray(value) && !value.some((item) => passes(schema, item)),
  allOf: (schemas, value) => !list(schemas).every((schema) => passes(schema, value)),
  anyOf: (schemas, value) => !list(schemas).some((schema) => passes(schema, value)),
  oneOf: (schemas, value) => list(schemas).filter((schema) => passes(schema, value)).length !== 1,
  not: (schema, value) => passes(schema, value),
  // Says something only together with `then`.
  if: () => false,
  then: (schema, value, { if: condition }) => passes(condition, value) && !passes(schema, value),
};

function hasType(value: unknown, type: unknown): boolean {
  if (type === 'object') return isMap(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

/**
 * The keywords of a JSON Schema that a value breaks; none where it is valid. So small because it has to know only what
 * the schema of a rule uses.
 * @throws Error for any other keyword
 */
export function jsonSchemaProblems(schema: Schema, value: unknown): readonly string[] {
  return Object.entries(schema).flatMap(([name, expected]) => {
    const keyword = KEYWORDS[name];
    if (keyword === undefined) throw new Error(`the keyword ${name} is not known here`);
    return keyword(expected, value, schema) ? [name] : [];
  });
}
