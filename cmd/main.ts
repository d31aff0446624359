#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { styleText } from 'node:util';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { duration } from '../src/config/formats/duration.ts';
import type { Format } from '../src/config/formats/format.ts';
import { integer } from '../src/config/formats/integer.ts';
import { ConfigError, FatalError, formatProblem, RetryableError } from '../src/domain/errors.ts';
import { check } from './check.ts';
import { exitCodeOf } from './exit-codes.ts';
import { explain } from './explain.ts';
import { follow } from './follow.ts';
import { run } from './run.ts';
import { schema } from './schema.ts';
import { setup } from './setup.ts';
import { test } from './test.ts';
import { types } from './types.ts';
import { verify } from './verify.ts';

const CONFIG = [
  '-c, --config <file>',
  'settings (YAML); without it the FRESHET_... variables alone count',
] as const;
const TABLE_REMEDY = 'name the table of the change, such as public.products, or --follow what happens now';
const OUTPUT = new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text');

const SAMPLE = integer(1, 10_000_000, 'all, or a number');
const WITHIN = duration('100ms', '1h');
const RECENT = duration('1s', '24h');

/** @throws InvalidArgumentError */
function parsed<T>({ parse, expected }: Format<T>, text: string): T {
  const value = parse(text);
  if (value === undefined) throw new InvalidArgumentError(`expected ${expected}`);
  return value;
}

/** Every verb, with examples. A verb returns its exit code. */
function program(exit: (code: number) => void): Command {
  const freshet = new Command('freshet')
    .description('Keeps Redis right when Postgres changes.')
    .version(version())
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      example('freshet check --config freshet.yaml', 'freshet run --config freshet.yaml'),
    );

  freshet
    .command('run')
    .description('stream changes and keep their keys right, until SIGTERM')
    .option(...CONFIG)
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent')
    .addHelpText(
      'after',
      example(
        'freshet run --config freshet.yaml',
        'FRESHET_POSTGRES_URL=... FRESHET_REDIS_URL=... FRESHET_RULES=rules freshet run',
      ),
    )
    .action(async ({ config, logLevel }) =>
      exit(await run({ configFile: config, overrides: { 'log.level': logLevel } })),
    );

  freshet
    .command('check')
    .description('validate settings and rules and prove them against the live servers')
    .option(...CONFIG)
    .addOption(OUTPUT)
    .addHelpText(
      'after',
      example('freshet check --config freshet.yaml', 'freshet check -c freshet.yaml -o json | jq .findings'),
    )
    .action(async ({ config, output }) => exit(await check({ configFile: config, output }, process.stdout)));

  freshet
    .command('setup')
    .description('create the publication, then the slot; --apply also mends what `check` finds')
    .option(...CONFIG)
    .option('--print-sql', 'print the SQL instead, for somebody with the privilege', false)
    .addHelpText(
      'after',
      example(
        'freshet setup --config freshet.yaml',
        'freshet setup -c freshet.yaml --print-sql | psql',
        'FRESHET_POSTGRES_URL=postgres://owner@db/shop freshet setup -c freshet.yaml --apply',
      ),
    )
    .option('--apply', 'also run the SQL of all findings of `check`, as far as this role may', false)
    .option('--ddl', 'also the event triggers that report migrations (needs a superuser)', false)
    .addOption(OUTPUT)
    .action(async ({ config, ...options }) =>
      exit(await setup({ ...options, configFile: config }, process.stdout)),
    );

  freshet
    .command('explain')
    .description('say which rules match a change and which keys result; asks no server but for --follow')
    .option(...CONFIG)
    .option('-r, --rules <paths...>', 'rule files, folders or globs, instead of those in the settings')
    .option('-t, --table <name>', 'schema-qualified, as in SQL')
    .option('--new <json>', 'the new row; alone it is an insert')
    .option('--old <json>', 'the old row; alone it is a delete, with --new an update')
    .option('--truncate', 'the table is truncated')
    .addOption(
      new Option('-f, --follow', 'show the changes that happen now instead, from a temporary slot').conflicts(
        ['new', 'old', 'truncate'],
      ),
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print: text, but --follow in a pipe JSON lines').choices([
        'text',
        'json',
      ]),
    )
    .addHelpText(
      'after',
      example(
        `freshet explain -r rules/ -t public.products --new '{"id": 7, "category_id": 2}' --old '{"id": 7, "category_id": 1}'`,
        'freshet explain --follow --config freshet.yaml --table public.products',
      ),
    )
    .action(async ({ config, follow: isFollowing, table, output, ...options }) => {
      if (isFollowing === true) {
        exit(await follow({ configFile: config, rules: options.rules, table, output }, process.stdout));
        return;
      }
      if (table === undefined)
        throw new ConfigError([{ where: '--table', message: 'is missing', remedy: TABLE_REMEDY }]);
      exit(explain({ ...options, table, output: output ?? 'text', configFile: config }, process.stdout));
    });

  freshet
    .command('test')
    .description('run the fixture files (*.test.yaml) beside the rules; asks no server')
    .argument('[paths...]', 'rules, fixtures, folders or globs, instead of the rules in the settings')
    .option(...CONFIG)
    .addOption(OUTPUT)
    .addHelpText('after', example('freshet test rules/', 'freshet test --config freshet.yaml -o json'))
    .action((paths, { config, output }) => exit(test({ configFile: config, paths, output }, process.stdout)));

  freshet
    .command('verify')
    .description('compare cached keys with the database, and say which are stale')
    .option(...CONFIG)
    .option('-r, --rule <names...>', 'only these rules')
    .addOption(
      new Option('-s, --sample <keys>', 'keys of each template to compare, or all')
        .argParser((text) => (text === 'all' ? Number.POSITIVE_INFINITY : parsed(SAMPLE, text)))
        .default(1_000),
    )
    .addOption(
      new Option('--recent <duration>', 'choose from the keys that change in so long from now').argParser(
        (text) => parsed(RECENT, text),
      ),
    )
    .addOption(
      new Option('-w, --within <duration>', 'how long a change may be on its way')
        .argParser((text) => parsed(WITHIN, text))
        .default(10_000, '10s'),
    )
    .option('--repair', 'delete the keys that are stale', false)
    .addOption(OUTPUT)
    .addHelpText(
      'after',
      example('freshet verify --config freshet.yaml', 'freshet verify -c freshet.yaml --sample all --repair'),
    )
    .action(async ({ config, rule, sample, recent, within, repair, output }) =>
      exit(
        await verify(
          { configFile: config, only: rule, sample, recentMs: recent, withinMs: within, repair, output },
          process.stdout,
          process.stderr,
        ),
      ),
    );

  freshet
    .command('types')
    .description('write typed key builders for the application, from the rules and the live catalog')
    .option(...CONFIG)
    .option('-r, --rules <paths...>', 'rule files, folders or globs, instead of those in the settings')
    .option('--out <file>', 'the TypeScript file to write; without it, standard output')
    .option('--check', 'write nothing; exit with 3 where the file is not what would be written', false)
    .addHelpText(
      'after',
      example(
        'freshet types --config freshet.yaml --out src/keys.ts',
        'freshet types --rules rules/ --out src/keys.ts    # without a server every column is a string',
      ),
    )
    .action(async ({ config, ...options }) =>
      exit(await types({ ...options, configFile: config }, process.stdout)),
    );

  freshet
    .command('schema')
    .description('print the JSON Schema of a rule document, for editors')
    .addHelpText('after', example('freshet schema > cache-rule.schema.json'))
    .action(() => exit(schema(process.stdout)));

  return freshet;
}

function example(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join('')}`;
}

function version(): string {
  const file = findPackageJSON(import.meta.url);
  return file === undefined ? 'unknown' : String(JSON.parse(readFileSync(file, 'utf8')).version);
}

/** What a person sees: what is wrong and how to mend it; a stack only for what nobody foresaw. */
function describe(error: unknown): string {
  const label = styleText('red', 'error:', { stream: process.stderr });
  if (error instanceof ConfigError)
    return error.problems.map((problem) => `${label} ${formatProblem(problem)}\n`).join('');
  if (error instanceof FatalError) {
    return `${label} ${error.message} [${error.code}]\n${error.remedy.replaceAll(/^/gm, '    ')}\n`;
  }
  if (error instanceof RetryableError) return `${label} ${error.message}${reason(error.cause)}\n`;
  return `${label} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}

function reason(cause: unknown): string {
  return cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : '';
}

let exitCode = 0;
try {
  await program((code) => (exitCode = code)).parseAsync();
} catch (error) {
  exitCode = exitCodeOf(error);
  // Commander has said it already.
  if (!(error instanceof CommanderError)) process.stderr.write(describe(error));
}
// Nothing may keep a process alive that has ended: a socket to a dead host would, for minutes.
process.exit(exitCode);
