import type { Problem } from '../domain/errors.ts';
import { suggestName } from '../suggest/nearest-name.ts';
import { readTextFile } from './read-text-file.ts';
import { isServiceLink } from './service-links.ts';
import { checkValue, type SettingLayer } from './setting-layer.ts';
import { SETTING_FIELDS } from './settings-schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the FRESHET_... variables say. One that is empty, unknown, or given twice (`X` and `X_FILE`) is a problem. */
export function readEnvironmentLayer(environment: Environment): SettingLayer {
  const values = new Map<string, unknown>();
  const origins = new Map<string, string>();
  const problems: Problem[] = [];
  const ours = ourVariables(environment);
  const known = new Set<string>();

  for (const [path, field] of SETTING_FIELDS) {
    const { env, sensitive } = field;
    const fileEnv = `${env}_FILE`;
    known.add(env);
    if (sensitive === true) known.add(fileEnv);

    const inline = ours.get(env);
    const secretFile = sensitive === true ? ours.get(fileEnv) : undefined;
    if (inline === undefined && secretFile === undefined) continue;
    const origin = inline === undefined ? fileEnv : env;
    origins.set(path, origin);
    if (inline !== undefined && secretFile !== undefined) {
      problems.push({ where: env, message: `${fileEnv} is set too`, remedy: 'unset one of them' });
      continue;
    }
    const given = inline === undefined ? readSecret(fileEnv, secretFile ?? '') : checkFilled(env, inline);
    const problem = typeof given === 'string' ? checkValue(field, given, origin) : given;
    if (problem === undefined) values.set(path, given);
    else problems.push(problem);
  }

  for (const name of ours.keys()) {
    if (known.has(name)) continue;
    problems.push({ where: name, message: 'unknown variable', remedy: suggestName(name, [...known]) });
  }
  return { values, origins, problems };
}

function ourVariables(environment: Environment): ReadonlyMap<string, string> {
  const ours = new Map<string, string>();
  for (const name of Object.keys(environment).toSorted()) {
    const value = environment[name];
    if (value === undefined || !name.startsWith('FRESHET_') || isServiceLink(name, value)) continue;
    ours.set(name, value);
  }
  return ours;
}

function checkFilled(name: string, value: string): string | Problem {
  return value === ''
    ? { where: name, message: 'is set but empty', remedy: 'give it a value or unset it' }
    : value;
}

/** Editors and `echo` end a file with a line break that is not part of the secret. */
function readSecret(name: string, file: string): string | Problem {
  if (file === '') return checkFilled(name, file);
  const read = readTextFile(file);
  if (read.kind === 'unreadable') return { where: name, message: `cannot read ${file}: ${read.reason}` };
  const secret = read.text.replace(/\r?\n$/, '');
  return secret === '' ? { where: name, message: `${file} is empty` } : secret;
}
