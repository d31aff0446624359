import type { Problem } from '../domain/errors.ts';
import { checkValue, type SettingLayer } from './setting-layer.ts';
import { SETTING_FIELDS, type SettingPath } from './settings-schema.ts';

/** Flags by the path that they set: `log.level` for `--log-level`. Undefined ones were not given. */
export type FlagValues = Readonly<Partial<Record<SettingPath, unknown>>>;

export function readFlagLayer(flags: FlagValues = {}): SettingLayer {
  const values = new Map<string, unknown>();
  const origins = new Map<string, string>();
  const problems: Problem[] = [];
  for (const [path, value] of Object.entries(flags)) {
    const field = SETTING_FIELDS.get(path);
    if (value === undefined || field === undefined) continue;
    const flag = `--${path.replaceAll('.', '-').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const problem = checkValue(field, value, flag);
    origins.set(path, flag);
    if (problem === undefined) values.set(path, value);
    else problems.push(problem);
  }
  return { values, origins, problems };
}
