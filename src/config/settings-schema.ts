import { boolean } from './formats/boolean.ts';
import { choice } from './formats/choice.ts';
import { postgresUrl, postgresUrls, redisUrl } from './formats/connection-url.ts';
import { duration } from './formats/duration.ts';
import type { Format } from './formats/format.ts';
import { host } from './formats/host.ts';
import { integer } from './formats/integer.ts';
import { pathList } from './formats/path-list.ts';
import { publicationName, slotName } from './formats/postgres-name.ts';
import { size } from './formats/size.ts';
import { isSettingField, type SettingField, type SettingSection } from './setting-field.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Every setting, once: the file's sections, the environment, the defaults and the reference page follow it. */
export const SETTINGS_SCHEMA = {
  postgres: {
    url: {
      doc: 'Where the primary is, reached directly and not through a pooler.',
      format: postgresUrl,
      default: null,
      env: 'FRESHET_POSTGRES_URL',
      sensitive: true,
    },
    replicas: {
      doc: 'Every other database that readers read: physical standbys, each by its own address and not through a balancer. A key is deleted for good once each of them shows the change. In a text, commas or line breaks between them.',
      format: postgresUrls,
      default: '',
      env: 'FRESHET_POSTGRES_REPLICAS',
      sensitive: true,
    },
    slot: {
      doc: 'The replication slot: checkpoint and leader lock in one. Two daemons on one slot are a leader and its standby.',
      format: slotName,
      default: 'freshet',
      env: 'FRESHET_POSTGRES_SLOT',
    },
    publication: {
      doc: 'The publication that holds the tables of the rules. Taken as written, upper case kept.',
      format: publicationName,
      default: 'freshet',
      env: 'FRESHET_POSTGRES_PUBLICATION',
    },
    createMissing: {
      doc: 'Whether `freshet run` creates a publication or slot that is missing, as `freshet setup` does.',
      format: boolean,
      default: 'false',
      env: 'FRESHET_POSTGRES_CREATE_MISSING',
    },
  },
  redis: {
    url: {
      doc: 'The Redis or Valkey primary whose keys are kept right.',
      format: redisUrl,
      default: null,
      env: 'FRESHET_REDIS_URL',
      sensitive: true,
    },
  },
  rules: {
    doc: 'Rule files, folders (their `*.yaml` and `*.yml`) or globs, without `*.test.yaml`, which `freshet test` runs; relative to the settings file; in the environment relative to the working directory, with commas between them.',
    format: pathList,
    default: null,
    env: 'FRESHET_RULES',
  },
  http: {
    host: {
      doc: 'The address that serves `/livez`, `/readyz` and `/metrics`.',
      format: host,
      default: '0.0.0.0',
      env: 'FRESHET_HTTP_HOST',
    },
    port: {
      doc: 'Its port; 0 takes any free one.',
      format: integer(0, 65_535, 'a port'),
      default: '8080',
      env: 'FRESHET_HTTP_PORT',
    },
  },
  log: {
    level: {
      doc: 'The least severe log line that is written.',
      format: choice(LOG_LEVELS),
      default: 'info',
      env: 'FRESHET_LOG_LEVEL',
    },
  },
  limits: {
    batchKeys: {
      doc: 'Keys that one batch holds at most.',
      format: integer(1, 1_000_000),
      default: '10000',
      env: 'FRESHET_LIMITS_BATCH_KEYS',
    },
    queueBytes: {
      doc: 'Memory that keys waiting for Redis or for visibility may take; beyond it reading from Postgres pauses. A bare number is bytes.',
      format: size('1MiB', '16GiB'),
      default: '32MiB',
      env: 'FRESHET_LIMITS_QUEUE_BYTES',
    },
    drain: {
      doc: 'How long SIGTERM waits for work in flight. A bare number is milliseconds.',
      format: duration('0s', '1h'),
      default: '10s',
      env: 'FRESHET_LIMITS_DRAIN',
    },
  },
  verify: {
    interval: {
      doc: 'How often the daemon compares a cached key with the database, for the metric `freshet_verified_keys_total`; 0 never. Only keys of rules with a query.',
      format: duration('0s', '24h'),
      default: '1s',
      env: 'FRESHET_VERIFY_INTERVAL',
    },
  },
  retry: {
    initial: {
      doc: 'The pause before the first new attempt after a lost connection; it doubles with each further one. A bare number is milliseconds.',
      format: duration('1ms', '1h'),
      default: '200ms',
      env: 'FRESHET_RETRY_INITIAL',
    },
    max: {
      doc: 'The longest such pause. A bare number is milliseconds.',
      format: duration('1ms', '1h'),
      default: '10s',
      env: 'FRESHET_RETRY_MAX',
    },
  },
} as const satisfies SettingSection;

/** What the schema's formats make of the values, in the schema's own shape. */
export type ParsedSettings = Parsed<typeof SETTINGS_SCHEMA>;

type Parsed<Section> = {
  readonly [Name in keyof Section]: Section[Name] extends { readonly format: Format<infer T> }
    ? T
    : Parsed<Section[Name]>;
};

/** `postgres.url`, `rules`, ... */
export type SettingPath = PathOf<typeof SETTINGS_SCHEMA>;

type PathOf<Section> = {
  [Name in keyof Section & string]: Section[Name] extends { readonly format: Format<unknown> }
    ? Name
    : `${Name}.${PathOf<Section[Name]>}`;
}[keyof Section & string];

/** Every field by its dotted path, such as `postgres.url`, in the schema's order. */
export const SETTING_FIELDS: ReadonlyMap<string, SettingField<unknown>> = new Map(
  listFields(SETTINGS_SCHEMA, ''),
);

function listFields(
  section: SettingSection,
  prefix: string,
): readonly (readonly [string, SettingField<unknown>])[] {
  return Object.entries(section).flatMap(([name, node]) =>
    isSettingField(node) ? [[prefix + name, node] as const] : listFields(node, `${prefix}${name}.`),
  );
}
