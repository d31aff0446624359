import { dirname } from 'node:path';
import { ConfigError, type Problem } from '../domain/errors.ts';
import { deepFreeze } from './deep-freeze.ts';
import { type Environment, readEnvironmentLayer } from './environment-layer.ts';
import { expandRulePaths } from './expand-rule-paths.ts';
import { readFileLayer } from './file-layer.ts';
import { type FlagValues, readFlagLayer } from './flag-layer.ts';
import { mergeLayers } from './merge-layers.ts';
import { inReadingOrder } from './reading-order.ts';
import type { SettingLayer } from './setting-layer.ts';
import type { Settings } from './settings.ts';
import { type ParsedSettings, SETTING_FIELDS } from './settings-schema.ts';

/** Where settings come from, weakest first; below them all are the schema's defaults. */
export interface SettingSources {
  readonly configFile?: string | undefined;
  readonly env: Environment;
  readonly overrides?: FlagValues;
}

const NO_FILE: SettingLayer = { values: new Map(), origins: new Map(), problems: [] };

/** Reads, merges and checks all settings. @throws ConfigError with every problem of every source */
export function loadSettings(sources: SettingSources): Settings {
  const { parsed, rules } = readSources(sources, [...SETTING_FIELDS.keys()]);
  const { postgres, redis, http, log, limits, verify, retry } = parsed;
  return deepFreeze<Settings>({
    postgres,
    redis,
    rules,
    http,
    log,
    limits: { batchKeys: limits.batchKeys, queueBytes: limits.queueBytes, drainMs: limits.drain },
    verify: { intervalMs: verify.interval },
    retry: { initialMs: retry.initial, maxMs: retry.max },
  });
}

/**
 * Only the rule files, for what asks no server: the connection URLs may be absent.
 * @throws ConfigError with every problem of every source
 */
export function loadRuleFiles(sources: SettingSources): readonly string[] {
  return deepFreeze(readSources(sources, ['rules']).rules);
}

/** The fixture files among and beside the rule files. @throws ConfigError with every problem of every source */
export function loadFixturePaths(sources: SettingSources): readonly string[] {
  return deepFreeze(readSources(sources, ['rules']).fixtures);
}

/** What setting Postgres up takes: nothing of Redis, and no URL where the SQL is only printed. */
export interface SetupSettings {
  readonly postgres: Omit<Settings['postgres'], 'url'> & { readonly url: string | undefined };
  readonly rules: readonly string[];
}

/** @throws ConfigError with every problem of every source */
export function loadSetupSettings(sources: SettingSources, urlRequired: boolean): SetupSettings {
  const { parsed, rules } = readSources(sources, urlRequired ? ['postgres.url', 'rules'] : ['rules']);
  return deepFreeze<SetupSettings>({ postgres: parsed.postgres, rules });
}

/** `required`: the fields that must have a value, be it the default. */
function readSources(
  { configFile, env, overrides }: SettingSources,
  required: readonly string[],
): { parsed: ParsedSettings; rules: readonly string[]; fixtures: readonly string[] } {
  const file = configFile === undefined ? NO_FILE : readFileLayer(configFile);
  const environment = readEnvironmentLayer(env);
  const flags = readFlagLayer(overrides);
  const origins = new Map([...file.origins, ...environment.origins, ...flags.origins]);
  const { parsed, missing } = mergeLayers(file, environment, flags);

  // A list comes from one source alone, and so do the places of its entries.
  const { origins: given } = [flags, environment].find((layer) => layer.origins.has('rules')) ?? file;
  // Without rules there is nothing to expand; `missing` says so.
  const expanded = expandRulePaths(
    (parsed.rules ?? []).map((text, index) => ({
      text,
      where: given.get(`rules[${index}]`) ?? given.get('rules') ?? 'rules',
    })),
    given === file.origins ? dirname(configFile ?? '.') : '.',
  );
  const problems = [
    ...[file, environment, flags].flatMap((layer) => layer.problems),
    ...required
      .filter((path) => missing.includes(path) && !origins.has(path))
      .map((path) => describeMissing(path, configFile)),
    ...expanded.problems,
  ];
  // Beside a value that could not be read stands its default, which compares with nothing that the user wrote.
  if (problems.length === 0) problems.push(...checkRetry(parsed, origins));
  if (problems.length > 0) throw new ConfigError(inReadingOrder(problems));
  return { parsed, rules: expanded.files, fixtures: expanded.fixtures };
}

function describeMissing(path: string, configFile: string | undefined): Problem {
  const field = SETTING_FIELDS.get(path);
  const variable = field?.sensitive === true ? `${field.env}[_FILE]` : field?.env;
  const remedy = `set ${path} in the file or ${variable} in the environment: ${field?.format.expected}`;
  return { where: configFile ?? 'environment', message: `${path} is missing`, remedy };
}

function checkRetry({ retry }: ParsedSettings, origins: ReadonlyMap<string, string>): readonly Problem[] {
  if (!(retry.initial > retry.max)) return [];
  const where = origins.get('retry.max') ?? origins.get('retry.initial') ?? 'retry';
  const message = `retry.max (${retry.max} ms) is less than retry.initial (${retry.initial} ms)`;
  return [{ where, message }];
}
