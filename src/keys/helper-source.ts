/**
 * The functions that generated code consists of, as TypeScript, each with those that it calls. Every one gives the
 * text that the daemon gets from Postgres, byte for byte, or throws: a key that is nearly right is never deleted.
 */
const HELPERS = {
  text: {
    calls: [],
    source: `
function text(value: string): string {
  if (typeof value !== 'string') throw new TypeError(\`not a string: \${String(value)}\`);
  return value;
}`,
  },
  integer: {
    calls: [],
    source: `
/** A number beyond 2^53 has lost digits already: pass a bigint or a string. */
function integer(value: bigint | number | string): string {
  const digits = String(value);
  const isExact = typeof value !== 'number' || Number.isSafeInteger(value);
  if (!isExact || !/^(?:0|-?[1-9]\\d*)$/.test(digits)) throw new TypeError(\`not an exact integer: \${digits}\`);
  return digits;
}`,
  },
  bool: {
    calls: [],
    source: `
function bool(value: boolean): string {
  if (typeof value !== 'boolean') throw new TypeError(\`not a boolean: \${String(value)}\`);
  return value ? 't' : 'f';
}`,
  },
  uuid: {
    calls: ['text'],
    source: `
function uuid(value: string): string {
  const lower = text(value).toLowerCase();
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower)) throw new TypeError(\`not a uuid: \${value}\`);
  return lower;
}`,
  },
  bytea: {
    calls: [],
    source: `
function bytea(value: Uint8Array | string): string {
  if (typeof value !== 'string') {
    return \`\\\\x\${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}\`;
  }
  if (!/^\\\\x(?:[0-9a-f]{2})*$/.test(value)) throw new TypeError(\`not bytes in hexadecimal: \${value}\`);
  return value;
}`,
  },
  numeric: {
    calls: ['text'],
    source: `
/** With the decimals that the column has; a column without a scale keeps those that were written, so pass its text. */
function numeric(value: string, scale?: number): string {
  const match = /^(-?)(0|[1-9]\\d*)(?:\\.(\\d+))?$/.exec(text(value));
  if (match === null && /^(?:NaN|-?Infinity)$/.test(value)) return value;
  const [, sign = '', whole = '', decimals = ''] = match ?? [];
  if (match === null || decimals.length > (scale ?? Infinity)) {
    throw new TypeError(\`not a numeric of this column: \${value}\`);
  }
  const all = decimals.padEnd(scale ?? 0, '0');
  const digits = all === '' ? whole : \`\${whole}.\${all}\`;
  return /[1-9]/.test(digits) ? sign + digits : digits;
}`,
  },
  padded: {
    calls: ['text'],
    source: `
/** char(n) is filled up with spaces. */
function padded(value: string, length: number): string {
  const bare = text(value).replace(/ +$/, '');
  const missing = length - Array.from(bare).length;
  if (missing < 0) throw new TypeError(\`longer than char(\${length}): \${value}\`);
  return bare + ' '.repeat(missing);
}`,
  },
  date: {
    calls: ['text'],
    source: `
function date(value: string): string {
  if (!/^(?:\\d{4,}-\\d\\d-\\d\\d(?: BC)?|-?infinity)$/.test(text(value))) throw new TypeError(\`not a date: \${value}\`);
  return value;
}`,
  },
  fraction: {
    calls: [],
    source: `
/** Of a second, as Postgres writes it: without zeros at its end. */
function fraction(digits = ''): string {
  const significant = digits.replace(/0+$/, '');
  return significant === '' ? '' : \`.\${significant}\`;
}`,
  },
  time: {
    calls: ['text', 'fraction'],
    source: `
function time(value: string): string {
  const [, clock, digits] = /^(\\d\\d:\\d\\d:\\d\\d)(?:\\.(\\d{1,6}))?$/.exec(text(value)) ?? [];
  if (clock === undefined) throw new TypeError(\`not a time: \${value}\`);
  return clock + fraction(digits);
}`,
  },
  timestamp: {
    calls: ['text', 'fraction'],
    source: `
function timestamp(value: string): string {
  const [, day, clock, digits, era = ''] =
    /^(\\d{4,}-\\d\\d-\\d\\d)[T ](\\d\\d:\\d\\d:\\d\\d)(?:\\.(\\d{1,6}))?( BC)?$/.exec(text(value)) ?? [];
  if (day !== undefined && clock !== undefined) return \`\${day} \${clock}\${fraction(digits)}\${era}\`;
  if (!/^-?infinity$/.test(value)) throw new TypeError(\`not a timestamp without a time zone: \${value}\`);
  return value;
}`,
  },
  timestamptz: {
    calls: ['text', 'fraction'],
    source: `
/** In UTC, whatever offset it comes with. A Date would not do: it has no microseconds. */
function timestamptz(value: string): string {
  const [, day, clock, digits, zone, minutes = '00'] =
    /^(\\d{4}-\\d\\d-\\d\\d)[T ](\\d\\d:\\d\\d:\\d\\d)(?:\\.(\\d{1,6}))?(Z|[+-]\\d\\d)(?::?(\\d\\d))?$/.exec(text(value)) ?? [];
  if (day !== undefined && clock !== undefined && zone !== undefined) {
    const utc = new Date(\`\${day}T\${clock}\${zone === 'Z' ? zone : \`\${zone}:\${minutes}\`}\`).toISOString();
    if (/^(?!0000)\\d{4}-/.test(utc)) return \`\${utc.slice(0, 10)} \${utc.slice(11, 19)}\${fraction(digits)}+00\`;
  }
  const isOfPostgres = /^(?:\\d{4,}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d{0,5}[1-9])?\\+00(?: BC)?|-?infinity)$/.test(value);
  if (!isOfPostgres) throw new TypeError(\`not a timestamp with a time zone: \${value}\`);
  return value;
}`,
  },
  timestamptzOfDate: {
    calls: ['timestamptz'],
    source: `
/** The column keeps no more than milliseconds, which a Date has too. */
function timestamptzOfDate(value: Date | string): string {
  return timestamptz(typeof value === 'string' ? value : value.toISOString());
}`,
  },
  hash: {
    calls: [],
    source: `
function hash(algorithm: 'sha256' | 'md5', value: string): string {
  return createHash(algorithm).update(value).digest('hex');
}`,
  },
} as const satisfies Readonly<Record<string, { readonly calls: readonly string[]; readonly source: string }>>;

export type HelperName = keyof typeof HELPERS;

const NAMES = Object.keys(HELPERS) as readonly HelperName[];

/** The source of these helpers and of those that they call, each once. */
export function helperSources(wanted: ReadonlySet<HelperName>): readonly string[] {
  const needed = new Set<HelperName>();
  const need = (name: HelperName): void => {
    needed.add(name);
    HELPERS[name].calls.forEach(need);
  };
  wanted.forEach(need);
  return NAMES.filter((name) => needed.has(name)).map((name) => HELPERS[name].source.trimStart());
}
