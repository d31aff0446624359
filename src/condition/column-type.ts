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

/**
 * By pg_type.oid, which never changes for these: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
 * The second number is the oid of the array. What is not here is text: enums, domains, intervals, ranges, extensions.
 */
const FORMS: readonly (readonly [form: ColumnForm, oid: number, arrayOid: number])[] = [
  ['bool', 16, 1000],
  ['bytes', 17, 1001],
  ['string', 18, 1002], // "char"
  ['string', 19, 1003], // name
  ['int', 20, 1016], // int8
  ['int', 21, 1005], // int2
  ['int', 23, 1007], // int4
  ['string', 25, 1009], // text
  ['int', 26, 1028], // oid
  ['json', 114, 199],
  ['double', 700, 1021], // float4
  ['double', 701, 1022], // float8
  ['padded', 1042, 1014], // char(n)
  ['string', 1043, 1015], // varchar
  ['string', 1082, 1182], // date
  ['string', 1083, 1183], // time
  ['timestamp', 1114, 1115],
  ['timestamp', 1184, 1185], // timestamptz
  ['string', 1186, 1187], // interval
  ['numeric', 1700, 1231],
  ['string', 2950, 2951], // uuid
  ['json', 3802, 3807], // jsonb
];

const FORM_BY_OID: ReadonlyMap<number, ColumnForm> = new Map(
  FORMS.flatMap(([form, oid, arrayOid]): [number, ColumnForm][] => [
    [oid, form],
    [arrayOid, { arrayOf: form }],
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
