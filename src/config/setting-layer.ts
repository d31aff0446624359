import type { Problem } from '../domain/errors.ts';
import { describeValue } from './describe-value.ts';
import type { SettingField } from './setting-field.ts';

/** What one source (file, environment, flags) says. Later sources win over earlier ones. */
export interface SettingLayer {
  /** Usable values by dotted path, not yet parsed. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Where each path was set, also the ones whose value is a problem. */
  readonly origins: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

/** The problem with a value that its format does not accept, or undefined where it does. */
export function checkValue(
  field: SettingField<unknown>,
  raw: unknown,
  where: string,
  path?: string,
): Problem | undefined {
  if (field.format.parse(raw) !== undefined) return undefined;
  const got =
    field.sensitive === true ? 'got something else (not shown: it is secret)' : `got ${describeValue(raw)}`;
  const subject = path === undefined ? '' : `${path}: `;
  const remedy = field.format.hint?.(raw);
  const message = `${subject}expected ${field.format.expected}, ${got}`;
  return remedy === undefined ? { where, message } : { where, message, remedy };
}
