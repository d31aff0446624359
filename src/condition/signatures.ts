import type { ValueType } from './column-type.ts';

export interface Signature {
  /** The target of a method comes first. */
  readonly args: readonly ValueType[];
  readonly result: ValueType;
}

/**
 * The functions, methods and arithmetic of CEL's standard library: https://github.com/google/cel-spec/blob/master/doc/langdef.md
 * `list` is a list of anything.
 */
const STANDARD = `
  _+_(int, int): int | _+_(uint, uint): uint | _+_(double, double): double | _+_(string, string): string
  _+_(bytes, bytes): bytes | _+_(list, list): list | _+_(duration, duration): duration
  _+_(timestamp, duration): timestamp | _+_(duration, timestamp): timestamp
  _-_(int, int): int | _-_(uint, uint): uint | _-_(double, double): double | _-_(duration, duration): duration
  _-_(timestamp, timestamp): duration | _-_(timestamp, duration): timestamp
  _*_(int, int): int | _*_(uint, uint): uint | _*_(double, double): double
  _/_(int, int): int | _/_(uint, uint): uint | _/_(double, double): double
  _%_(int, int): int | _%_(uint, uint): uint
  -_(int): int | -_(double): double
  int(int): int | int(uint): int | int(double): int | int(string): int | int(timestamp): int | int(numeric): int
  uint(uint): uint | uint(int): uint | uint(double): uint | uint(string): uint
  double(double): double | double(int): double | double(uint): double | double(string): double | double(numeric): double
  string(string): string | string(bool): string | string(int): string | string(uint): string
  string(double): string | string(bytes): string | string(timestamp): string | string(duration): string
  string(numeric): string
  bool(bool): bool | bool(string): bool
  bytes(bytes): bytes | bytes(string): bytes
  timestamp(timestamp): timestamp | timestamp(string): timestamp
  duration(duration): duration | duration(string): duration
  dyn(dyn): dyn | type(dyn): type
  size(string): int | size(bytes): int | size(list): int | size(map): int
  string.size(): int | bytes.size(): int | list.size(): int | map.size(): int
  string.contains(string): bool | string.startsWith(string): bool | string.endsWith(string): bool
  string.matches(string): bool | matches(string, string): bool
  timestamp.getFullYear(): int | timestamp.getFullYear(string): int
  timestamp.getMonth(): int | timestamp.getMonth(string): int
  timestamp.getDate(): int | timestamp.getDate(string): int
  timestamp.getDayOfMonth(): int | timestamp.getDayOfMonth(string): int
  timestamp.getDayOfWeek(): int | timestamp.getDayOfWeek(string): int
  timestamp.getDayOfYear(): int | timestamp.getDayOfYear(string): int
  timestamp.getHours(): int | timestamp.getHours(string): int
  timestamp.getMinutes(): int | timestamp.getMinutes(string): int
  timestamp.getSeconds(): int | timestamp.getSeconds(string): int
  timestamp.getMilliseconds(): int | timestamp.getMilliseconds(string): int
  duration.getHours(): int | duration.getMinutes(): int | duration.getSeconds(): int | duration.getMilliseconds(): int
  @not_strictly_false(bool): bool
`;

const SIGNATURE = /^(?:(\w+)\.)?([^()\s.]+)\(([^)]*)\): (\w+)$/;
const BY_NAME = new Map<string, Signature[]>();
for (const text of STANDARD.trim().split(/\s*[|\n]\s*/)) {
  const [, target, name = '', args = '', result = ''] = SIGNATURE.exec(text) ?? [];
  const types = [
    ...(target === undefined ? [] : [target]),
    ...args.split(', ').filter((type) => type !== ''),
  ];
  const key = keyOf(name, target !== undefined);
  const signatures = BY_NAME.get(key) ?? [];
  signatures.push({ args: types.map(readType), result: readType(result) });
  BY_NAME.set(key, signatures);
}

/** The ways to call a function or a method; empty for an unknown one. */
export function signaturesOf(name: string, isMethod: boolean): readonly Signature[] {
  return BY_NAME.get(keyOf(name, isMethod)) ?? [];
}

/** Names that a person may write, for a suggestion. */
export function functionNames(isMethod: boolean): readonly string[] {
  const macros = isMethod ? ['all', 'exists', 'exists_one', 'filter', 'map'] : ['has', 'changed'];
  const names = [...BY_NAME.keys()].filter(
    (key) => key.startsWith('.') === isMethod && /^\.?[a-z]/i.test(key),
  );
  return [...macros, ...names.map((key) => key.replace('.', ''))];
}

function keyOf(name: string, isMethod: boolean): string {
  return isMethod ? `.${name}` : name;
}

function readType(name: string): ValueType {
  return name === 'list' ? { list: 'dyn' } : (name as ValueType);
}
