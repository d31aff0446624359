import convict from 'convict';
import { isSettingField, type SettingField, type SettingSection } from './setting-field.ts';
import type { SettingLayer } from './setting-layer.ts';
import { type ParsedSettings, SETTING_FIELDS, SETTINGS_SCHEMA } from './settings-schema.ts';

/**
 * Lets convict lay the layers over the defaults, then gives every value its type. Layers hold only values that their
 * formats accept: convict itself would turn `12abc` into 12 and `no` into true where a format is one of its own.
 * A field without a value in any layer or default is `missing`, and absent in `parsed`.
 */
export function mergeLayers(
  file: SettingLayer,
  environment: SettingLayer,
  flags: SettingLayer,
): { readonly parsed: ParsedSettings; readonly missing: readonly string[] } {
  const accepted = new Map<string, unknown>();
  const missing: string[] = [];
  const schema = convictSchema(SETTINGS_SCHEMA, '', (path, { format }, raw) => {
    const value = raw === null ? undefined : format.parse(raw);
    if (value !== undefined) accepted.set(path, value);
    else if (raw === null) missing.push(path);
    else throw new Error(`expected ${format.expected}`);
  });

  // The process' own environment and arguments stay out of reach.
  const config = convict(schema, { env: byVariable(environment), args: [] });
  config.load(nest(file.values));
  for (const [path, value] of flags.values) config.set(path, value);
  config.validate({ allowed: 'strict' });

  for (const path of missing) config.set(path, undefined);
  for (const [path, value] of accepted) config.set(path, value);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema's type says what its formats return
  return { parsed: config.getProperties() as ParsedSettings, missing };
}

type Accept = (path: string, field: SettingField<unknown>, raw: unknown) => void;

function convictSchema(section: SettingSection, prefix: string, accept: Accept): convict.Schema<object> {
  return Object.fromEntries(
    Object.entries(section).map(([name, node]) => {
      const path = prefix + name;
      if (!isSettingField(node)) return [name, convictSchema(node, `${path}.`, accept)];
      return [name, { ...node, format: (raw: unknown) => accept(path, node, raw) }];
    }),
  );
}

function byVariable(environment: SettingLayer): NodeJS.ProcessEnv {
  const variables: NodeJS.ProcessEnv = {};
  for (const [path, value] of environment.values) {
    const name = SETTING_FIELDS.get(path)?.env;
    if (name !== undefined) variables[name] = String(value);
  }
  return variables;
}

/** `{'http.port': 1}` becomes `{http: {port: 1}}`. */
function nest(values: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const [first = '', ...rest] = path.split('.');
    const inner = rest.length === 0 ? value : nest(new Map([[rest.join('.'), value]]));
    const sibling = root[first];
    root[first] =
      typeof sibling === 'object' && rest.length > 0 ? Object.assign(sibling ?? {}, inner) : inner;
  }
  return root;
}
