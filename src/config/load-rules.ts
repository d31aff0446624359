import { relative } from 'node:path';
import { z } from 'zod';
import { CHANGE_KINDS } from '../domain/change.ts';
import { ConfigError, type Problem } from '../domain/errors.ts';
import type { Rule } from '../domain/rule.ts';
import { toAction } from './action-schema.ts';
import { deepFreeze } from './deep-freeze.ts';
import { readTextFile } from './read-text-file.ts';
import { readYaml, type YamlDocument } from './read-yaml.ts';
import { inReadingOrder } from './reading-order.ts';
import { RulePlaces } from './rule-places.ts';
import { describeRuleIssues } from './rule-problems.ts';
import { ruleDocumentSchema } from './rule-schema.ts';

/** Reads the rules of all files, in order. @throws ConfigError with every problem of every file */
export function loadRules(files: readonly string[]): readonly Rule[] {
  const collector = new RuleCollector();
  for (const file of files) {
    const shown = shortPath(file);
    const read = readTextFile(file);
    if (read.kind === 'text') collector.add(read.text, shown);
    else collector.problems.push({ where: shown, message: `cannot be read: ${read.reason}` });
  }
  return collector.finish(files.map(shortPath).join(', ') || 'rules');
}

/** Reads the rules of one YAML text; `file` names it in messages. @throws ConfigError with every problem */
export function parseRules(text: string, file: string): readonly Rule[] {
  const collector = new RuleCollector();
  collector.add(text, file);
  return collector.finish(file);
}

/** The rules among documents that were read already. @throws ConfigError with every problem */
export function rulesOfDocuments(documents: readonly YamlDocument[], file: string): readonly Rule[] {
  const collector = new RuleCollector();
  collector.addDocuments(documents);
  return collector.finish(file);
}

class RuleCollector {
  readonly problems: Problem[] = [];
  readonly #rules: Rule[] = [];
  /** Where each name was given first. */
  readonly #names = new Map<string, string>();

  add(text: string, file: string): void {
    const { documents, problems } = readYaml(text, file);
    this.problems.push(...problems);
    this.addDocuments(documents);
  }

  addDocuments(documents: readonly YamlDocument[]): void {
    for (const document of documents) {
      if (document.value !== undefined) this.#addDocument(document);
    }
  }

  finish(where: string): readonly Rule[] {
    if (this.problems.length === 0 && this.#rules.length === 0) {
      const remedy = 'a rule document begins with apiVersion: freshet.dev/v1 and kind: CacheRule';
      this.problems.push({ where, message: 'holds no rule', remedy });
    }
    if (this.problems.length > 0) throw new ConfigError(inReadingOrder(this.problems));
    return deepFreeze(this.#rules);
  }

  #addDocument(document: YamlDocument): void {
    this.#claimName(document);
    const result = ruleDocumentSchema.safeParse(document.value);
    if (!result.success) {
      this.problems.push(...describeRuleIssues(document, result.error.issues));
      return;
    }
    const { metadata, spec } = result.data;
    const places = new RulePlaces(spec, document.positions);
    this.#rules.push({
      name: metadata.name,
      table: spec.table,
      on: new Set(spec.on ?? CHANGE_KINDS),
      keys: spec.keys.filter((key) => 'source' in key),
      fanOuts: spec.keys
        .filter((key) => 'each' in key)
        .map(({ each, key, maxRows }) => ({ each, key, maxRows: maxRows ?? DEFAULT_MAX_ROWS })),
      mode: spec.mode ?? 'live',
      ignore: { origins: spec.ignore?.origins ?? [], labels: spec.ignore?.labels ?? [] },
      when: spec.when,
      action: toAction(spec, spec.legacy && (spec.legacy.fillGrace ?? DEFAULT_FILL_GRACE_MS)),
      massChange: spec.massChange?.then === 'purge' ? spec.massChange.over : Number.POSITIVE_INFINITY,
      verify: spec.verify && { query: spec.verify.query, as: spec.verify.as ?? 'json' },
      where: document.positions.ofValue([]),
      at: (part, offset = 0) => places.at(part, offset),
      columnAt: (column) => places.ofColumn(column),
    });
  }

  #claimName({ value, positions }: YamlDocument): void {
    const named = NAMED.safeParse(value);
    if (!named.success) return;
    const { name } = named.data.metadata;
    const where = positions.ofValue(['metadata', 'name']);
    const first = this.#names.get(name);
    if (first === undefined) this.#names.set(name, where);
    else this.problems.push({ where, message: `metadata.name: ${name} is already used at ${first}` });
  }
}

/** Keys that one batch of changes may find by a query. */
const DEFAULT_MAX_ROWS = 10_000;
/** Longer than all but very few readers take between reading a row and storing it. */
const DEFAULT_FILL_GRACE_MS = 2_000;

/** The name alone, also of a document with faults elsewhere. */
const NAMED = z.object({ metadata: z.object({ name: z.string() }) });

/** Relative to the working directory where the file is below it: short, and an editor can open it. */
export function shortPath(file: string): string {
  const path = relative('.', file);
  return path === '' || path.startsWith('..') ? file : path;
}
