import type { z } from 'zod';
import { CHANGE_KINDS } from '../domain/change.ts';
import { ConfigError, type Problem } from '../domain/errors.ts';
import type { Rule } from '../domain/rule.ts';
import type { Fixture, FixtureCase, FixtureTable } from '../fixtures/fixture.ts';
import { fixtureSchema } from './fixture-schema.ts';
import { rulesOfDocuments } from './load-rules.ts';
import { ParseError } from './parse-error.ts';
import { parseTableName } from './parse-table-name.ts';
import { readYaml, type YamlDocument } from './read-yaml.ts';
import { describeIssues } from './rule-problems.ts';

/** What a fixture file holds. */
export interface FixtureFile {
  readonly fixtures: readonly Fixture[];
  /** The rules in the file itself; empty where it has none. */
  readonly rules: readonly Rule[];
  /** The rule files that it names, relative to itself; undefined where it names none. */
  readonly rulePaths: readonly string[] | undefined;
}

type WrittenFixture = z.infer<typeof fixtureSchema>;

/** Reads one YAML text; `file` names it in messages. @throws ConfigError with every problem */
export function readFixture(text: string, file: string): FixtureFile {
  // Rules take numbers as numbers, rows must keep every digit: 9.50 is not 9.5.
  const plain = readYaml(text, file);
  const exact = readYaml(text, file, { exactNumbers: true });
  const isRule = plain.documents.map(({ value }) => isRuleDocument(value));
  const ruleDocuments = plain.documents.filter((_, index) => isRule[index]);
  const documents = exact.documents.filter(({ value }, index) => !isRule[index] && value !== undefined);
  if (plain.problems.length > 0) throw new ConfigError(plain.problems);
  if (documents.length === 0)
    throw new ConfigError([{ where: file, message: 'holds no changes and effects', remedy: EXAMPLE }]);
  const written = documents.map((document) => parse(document));
  const named = written.flatMap(({ rules = [] }) => rules);
  return {
    rules: ruleDocuments.length === 0 ? [] : rulesOfDocuments(ruleDocuments, file),
    rulePaths: named.length === 0 ? undefined : named,
    fixtures: written.map((each, index) => toFixture(each, documents[index])),
  };
}

const EXAMPLE =
  'begin with `changes:` and a list of {it: ..., update: public.products, new: {...}, effects: [...]}';

function isRuleDocument(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'apiVersion' in value;
}

function parse(document: YamlDocument): WrittenFixture {
  const result = fixtureSchema.safeParse(document.value);
  if (!result.success) throw new ConfigError(describeIssues(document, result.error.issues, fixtureSchema));
  return result.data;
}

function toFixture({ tables, changes }: WrittenFixture, document: YamlDocument | undefined): Fixture {
  const at = (path: readonly (string | number)[]): string => document?.positions.ofValue(path) ?? '';
  return {
    tables: Object.entries(tables).map(([name, table]) => toTable(name, table, at(['tables', name]))),
    cases: changes.map((change, index): FixtureCase => {
      const kind = CHANGE_KINDS.find((each) => change[each] !== undefined);
      const table = kind && change[kind];
      if (kind === undefined || table === undefined)
        throw new Error('the schema lets no change pass that is of no kind');
      const { it, old, new: row, effects } = change;
      return { it, where: at(['changes', index]), kind, table, old, new: row, effects };
    }),
  };
}

function toTable(
  name: string,
  { columns, identity, partitionOf }: WrittenFixture['tables'][string],
  where: string,
): FixtureTable {
  const typed = Array.isArray(columns) ? columns.map((column) => [column, undefined] as const) : columns;
  const listed = Array.isArray(typed) ? typed : typed && Object.entries(typed);
  return {
    name: tableOf(name, where),
    columns: listed?.map(([column, type]) => ({ name: column, type })),
    identity,
    partitionOf,
  };
}

function tableOf(name: string, where: string): FixtureTable['name'] {
  try {
    return parseTableName(name);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const problem: Problem = { where, message: `tables: ${error.message}` };
    throw new ConfigError([error.remedy === undefined ? problem : { ...problem, remedy: error.remedy }]);
  }
}
