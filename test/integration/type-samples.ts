/** A value of one Postgres type: how it reads in a key, and what an application may pass to the generated builder. */
export interface TypeSample {
  /** As SQL declares the column. */
  readonly type: string;
  /** As SQL reads it in. */
  readonly value: string;
  /** The text in the key. */
  readonly key: string;
  /** What the builder makes the same text of. */
  readonly given: readonly unknown[];
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

/** Every type that can stand in a key; of some the values where text forms are wont to differ. */
export const TYPE_SAMPLES: readonly TypeSample[] = [
  { type: 'int2', value: '-32768', key: '-32768', given: [-32768, -32768n, '-32768'] },
  { type: 'int4', value: '2147483647', key: '2147483647', given: [2147483647, 2147483647n] },
  {
    type: 'int8',
    value: '9007199254740993',
    key: '9007199254740993',
    given: [9007199254740993n, '9007199254740993'],
  },
  { type: 'int8', value: '-0', key: '0', given: [0, -0, 0n, '0'] },
  { type: 'oid', value: '4294967295', key: '4294967295', given: [4294967295] },
  { type: 'serial_like', value: '42', key: '42', given: [42, 42n] },
  { type: 'text', value: 'Grüner Tee: 50%', key: 'Grüner Tee: 50%', given: ['Grüner Tee: 50%'] },
  { type: 'text', value: '', key: '', given: [''] },
  { type: 'varchar(10)', value: 'ab  ', key: 'ab  ', given: ['ab  '] },
  { type: 'char(5)', value: 'ab', key: 'ab   ', given: ['ab', 'ab   '] },
  { type: 'char(3)', value: '😀é', key: '😀é ', given: ['😀é'] },
  { type: 'name', value: 'pg_class', key: 'pg_class', given: ['pg_class'] },
  {
    type: 'uuid',
    value: 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
    key: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    given: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  },
  { type: 'bool', value: 'true', key: 't', given: [true] },
  { type: 'bool', value: 'false', key: 'f', given: [false] },
  { type: 'numeric', value: '9.50', key: '9.50', given: ['9.50'] },
  { type: 'numeric', value: '-0.00', key: '0.00', given: ['0.00', '-0.00'] },
  { type: 'numeric', value: '1e20', key: '100000000000000000000', given: ['100000000000000000000'] },
  { type: 'numeric', value: 'NaN', key: 'NaN', given: ['NaN'] },
  { type: 'numeric(10,2)', value: '9.5', key: '9.50', given: ['9.5', '9.50', '9.5'] },
  { type: 'numeric(10,2)', value: '-7', key: '-7.00', given: ['-7', '-7.0'] },
  { type: 'numeric(10)', value: '7', key: '7', given: ['7'] },
  { type: 'price', value: '9.5', key: '9.50', given: ['9.50'] },
  { type: 'float4', value: '0.1', key: '0.1', given: ['0.1'] },
  { type: 'float8', value: '1e20', key: '1e+20', given: ['1e+20'] },
  {
    type: 'float8',
    value: '0.30000000000000004',
    key: '0.30000000000000004',
    given: ['0.30000000000000004'],
  },
  { type: 'money', value: '1000', key: '$1,000.00', given: ['$1,000.00'] },
  { type: 'date', value: '2026-01-31', key: '2026-01-31', given: ['2026-01-31'] },
  { type: 'date', value: '0044-03-15 BC', key: '0044-03-15 BC', given: ['0044-03-15 BC'] },
  { type: 'time', value: '18:30:00.250', key: '18:30:00.25', given: ['18:30:00.25', '18:30:00.250'] },
  { type: 'timetz', value: '18:30+02', key: '18:30:00+02', given: ['18:30:00+02'] },
  {
    type: 'timestamp',
    value: '2026-01-02 03:04:05.120',
    key: '2026-01-02 03:04:05.12',
    given: ['2026-01-02 03:04:05.12', '2026-01-02T03:04:05.120'],
  },
  { type: 'timestamp', value: 'infinity', key: 'infinity', given: ['infinity'] },
  {
    type: 'timestamptz',
    value: '2026-01-02 03:04:05+00',
    key: '2026-01-02 03:04:05+00',
    given: [
      '2026-01-02 03:04:05+00',
      '2026-01-02T03:04:05Z',
      '2026-01-02T03:04:05.000Z',
      '2026-01-02 08:34:05+05:30',
    ],
  },
  {
    type: 'timestamptz',
    value: '2026-01-01 01:30:00.123456+02',
    key: '2025-12-31 23:30:00.123456+00',
    given: ['2026-01-01 01:30:00.123456+02', '2025-12-31T23:30:00.123456Z', '2025-12-31 23:30:00.123456+00'],
  },
  {
    type: 'timestamptz',
    value: '12026-01-01 00:00:00+00',
    key: '12026-01-01 00:00:00+00',
    given: ['12026-01-01 00:00:00+00'],
  },
  {
    type: 'timestamptz',
    value: '0044-03-15 00:00:00+00 BC',
    key: '0044-03-15 00:00:00+00 BC',
    given: ['0044-03-15 00:00:00+00 BC'],
  },
  {
    type: 'timestamptz(3)',
    value: '2026-01-02 03:04:05.120+00',
    key: '2026-01-02 03:04:05.12+00',
    given: [new Date('2026-01-02T03:04:05.120Z'), '2026-01-02T03:04:05.12Z'],
  },
  {
    type: 'interval',
    value: '1 year 2 months 3 days 04:05:06.7',
    key: '1 year 2 mons 3 days 04:05:06.7',
    given: ['1 year 2 mons 3 days 04:05:06.7'],
  },
  {
    type: 'bytea',
    value: '\\x00FF5C',
    key: '\\x00ff5c',
    given: [bytes(0, 255, 92), Buffer.from([0, 255, 92]), '\\x00ff5c'],
  },
  { type: 'mood', value: 'so so', key: 'so so', given: ['so so'] },
  { type: 'inet', value: '192.168.0.1', key: '192.168.0.1', given: ['192.168.0.1'] },
  { type: 'cidr', value: '10.0.0.0/8', key: '10.0.0.0/8', given: ['10.0.0.0/8'] },
  { type: 'macaddr', value: '08-00-2B-01-02-03', key: '08:00:2b:01:02:03', given: ['08:00:2b:01:02:03'] },
  { type: 'bit(4)', value: '1010', key: '1010', given: ['1010'] },
  { type: 'int4[]', value: '{1,2,NULL}', key: '{1,2,NULL}', given: ['{1,2,NULL}'] },
  { type: 'text[]', value: '{a,"b c"}', key: '{a,"b c"}', given: ['{a,"b c"}'] },
  { type: 'int4range', value: '[1,5]', key: '[1,6)', given: ['[1,6)'] },
  { type: 'point', value: '(1,2)', key: '(1,2)', given: ['(1,2)'] },
  { type: 'json', value: '{"b": 1,"a":2}', key: '{"b": 1,"a":2}', given: ['{"b": 1,"a":2}'] },
  { type: 'jsonb', value: '{"b": 1,"a":2}', key: '{"a": 2, "b": 1}', given: ['{"a": 2, "b": 1}'] },
];
