import type { z } from 'zod';
import { CHANGE_KINDS } from '../domain/change.ts';
import { ConfigError, type Problem } from '../domain/errors.ts';
import type { Rule } from '../domain/rule.ts';
import type { Fixture, FixtureCase, FixtureTable } from '../fixtures/fixture.ts';
import { TYPE_NAMES, typeOid } from '../fixtures/type-oid.ts';
import { nearestName } from '../suggest/nearest-name.ts';
import { fixtureSchema } from './fixture-schema.ts';
import { rulesOfDocuments } from './load-rules.ts';
import { ParseError } from './parse-error.ts';
import { parseTableName } from './parse-table-name.ts';
import { readYaml, type YamlDocument } from './read-yaml.ts';
import { inReadingOrder } from './reading-order.ts';
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
  const problems: Problem[] = [];
  const collect = <T>(read: () => T): readonly T[] => {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return [];
    }
  };
  const read = documents.flatMap((document) =>
    collect(() => {
      const written = parse(document);
      return { rules: written.rules ?? [], fixture: toFixture(written, document) };
    }),
  );
  const rules = ruleDocuments.length === 0 ? [] : collect(() => rulesOfDocuments(ruleDocuments, file));
  if (problems.length > 0) throw new ConfigError(inReadingOrder(problems));
  const named = read.flatMap((each) => each.rules);
  return {
    rules: rules.flat(),
    rulePaths: named.length === 0 ? undefined : named,
    fixtures: read.map(({ fixture }) => fixture),
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

/** @throws ConfigError with every table or type that is none */
function toFixture({ tables, changes }: WrittenFixture, { positions }: YamlDocument): Fixture {
  const at = (path: readonly (string | number)[]): string => positions.ofValue(path);
  const problems = Object.entries(tables).flatMap(([name, table]) => [
    ...nameProblems(name, at(['tables', name])),
    ...typeProblems(table, (column) => at(['tables', name, 'columns', column])),
  ]);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    tables: Object.entries(tables).map(([name, table]) => toTable(name, table)),
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

type WrittenTable = WrittenFixture['tables'][string];

function toTable(name: string, { columns, identity, partitionOf }: WrittenTable): FixtureTable {
  const listed = Array.isArray(columns)
    ? columns.map((column) => ({ name: column, type: undefined }))
    : columns && Object.entries(columns).map(([column, type]) => ({ name: column, type }));
  return { name: parseTableName(name), columns: listed, identity, partitionOf };
}

function nameProblems(name: string, where: string): readonly Problem[] {
  try {
    parseTableName(name);
    return [];
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const problem: Problem = { where, message: `tables: ${error.message}` };
    return [error.remedy === undefined ? problem : { ...problem, remedy: error.remedy }];
  }
}

/** One that is mistyped would read as text, and compare as text. */
function typeProblems({ columns }: WrittenTable, at: (column: string) => string): readonly Problem[] {
  if (columns === undefined || Array.isArray(columns)) return [];
  return Object.entries(columns).flatMap(([column, type]): readonly Problem[] => {
    if (typeOid(type) !== undefined) return [];
    const near = nearestName(type, TYPE_NAMES);
    const own = 'a type of your own is written with its schema: public.mood';
    const remedy = near === undefined ? own : `did you mean ${near}? ${own}`;
    return [{ where: at(column), message: `unknown type ${type}`, remedy }];
  });
}
