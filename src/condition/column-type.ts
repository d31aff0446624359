import { TYPE_OIDS, type TypeName } from '../domain/type-oids.ts';

/** What a value is in a condition. `numeric` can be compared exactly, but not computed with; `dyn` is JSON. */
export type ScalarType =
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'numeric'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'type'
  | 'map'
  | 'dyn';

export interface ListType {
  readonly list: ValueType;
}

export type ValueType = ScalarType | ListType;

/** How the text of a column is to be read: a type, and for some a special text form of it. */
export type ColumnForm =
  | 'bool'
  | 'int'
  | 'double'
  | 'numeric'
  | 'string'
  | 'padded'
  | 'bytes'
  | 'timestamp'
  | 'json'
  | { readonly arrayOf: ColumnForm };

/** What is not here is text: enums, domains, ranges, extensions. */
const FORMS: Readonly<Record<TypeName, ColumnForm>> = {
  bool: 'bool',
  bytea: 'bytes',
  '"char"': 'string',
  name: 'string',
  int8: 'int',
  int2: 'int',
  int4: 'int',
  text: 'string',
  oid: 'int',
  json: 'json',
  float4: 'double',
  float8: 'double',
  bpchar: 'padded',
  varchar: 'string',
  date: 'string',
  time: 'string',
  timestamp: 'timestamp',
  timestamptz: 'timestamp',
  interval: 'string',
  numeric: 'numeric',
  uuid: 'string',
  jsonb: 'json',
};

const FORM_BY_OID: ReadonlyMap<number, ColumnForm> = new Map(
  (Object.keys(FORMS) as TypeName[]).flatMap((name): [number, ColumnForm][] => [
    [TYPE_OIDS[name], FORMS[name]],
    [TYPE_OIDS[`${name}[]`], { arrayOf: FORMS[name] }],
  ]),
);

export function columnForm(typeOid: number): ColumnForm {
  return FORM_BY_OID.get(typeOid) ?? 'string';
}

export function typeOfForm(form: ColumnForm): ValueType {
  if (typeof form === 'object') return { list: typeOfForm(form.arrayOf) };
  if (form === 'padded') return 'string';
  return form === 'json' ? 'dyn' : form;
}

export const NUMBER_TYPES: ReadonlySet<ValueType> = new Set<ValueType>(['int', 'uint', 'double', 'numeric']);

export function describeType(type: ValueType): string {
  if (typeof type === 'object') return 'a list';
  return type === 'string' ? 'text' : type;
}
