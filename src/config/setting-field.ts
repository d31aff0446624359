import type { Format } from './formats/format.ts';

/** One setting. Its default is written as a user would write it; null means that the user must. */
export interface SettingField<T> {
  readonly doc: string;
  readonly format: Format<T>;
  readonly default: string | null;
  readonly env: string;
  /** A secret: never shown, and also read from the file that the variable `<env>_FILE` names. */
  readonly sensitive?: true;
}

export interface SettingSection {
  readonly [name: string]: SettingField<unknown> | SettingSection;
}

export function isSettingField(node: SettingField<unknown> | SettingSection): node is SettingField<unknown> {
  return typeof node['format'] === 'object' && 'parse' in node['format'];
}
