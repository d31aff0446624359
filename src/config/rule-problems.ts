import { z } from 'zod';
import type { Problem } from '../domain/errors.ts';
import { nearestName, suggestName } from '../suggest/nearest-name.ts';
import { describeValue } from './describe-value.ts';
import type { YamlDocument } from './read-yaml.ts';
import { ruleDocumentSchema } from './rule-schema.ts';
import { formatPath, type Path } from './source-positions.ts';

/** Turns zod's issues about a rule into problems that say where, what was expected and what was probably meant. */
export function describeRuleIssues(
  document: YamlDocument,
  issues: readonly z.core.$ZodIssue[],
): readonly Problem[] {
  return describeIssues(document, issues, ruleDocumentSchema);
}

/** The same for a document of another schema. */
export function describeIssues(
  document: YamlDocument,
  issues: readonly z.core.$ZodIssue[],
  schema: z.core.$ZodType,
): readonly Problem[] {
  return issues.flatMap((issue): readonly Problem[] => {
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => describeUnknownField(document, [...issue.path, key], schema));
      case 'custom':
        return [describeNotation(document, issue)];
      case 'invalid_union':
        return describeUnion(document, issue, schema);
      default:
        return [describeMismatch(document, issue)];
    }
  });
}

/** The problems of the form that was meant: the one whose type the value has. */
function describeUnion(
  document: YamlDocument,
  issue: z.core.$ZodIssueInvalidUnion,
  schema: z.core.$ZodType,
): readonly Problem[] {
  const value = valueAt(document.value, issue.path);
  const meant = issue.errors.find((errors) => isMeant(errors, value));
  if (meant === undefined) return [describeMismatch(document, issue)];
  return describeIssues(
    document,
    meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
    schema,
  );
}

/** Of the same type, and a map with some field in common. */
function isMeant(errors: readonly z.core.$ZodIssue[], value: unknown): boolean {
  const names = Object.keys(asRecord(value));
  return !errors.some(
    ({ path, ...issue }) =>
      path.length === 0 &&
      (issue.code === 'invalid_type' ||
        (issue.code === 'unrecognized_keys' && names.every((name) => issue.keys.includes(name)))),
  );
}

function describeUnknownField(document: YamlDocument, path: Path, schema: z.core.$ZodType): Problem {
  const where = document.positions.ofKey(path);
  const message = `${formatPath(path)}: unknown field`;
  const names = fieldNames(schema, path.slice(0, -1));
  if (names.length === 0) return { where, message };
  return { where, message, remedy: suggestName(String(path.at(-1)), names) };
}

function describeNotation(
  document: YamlDocument,
  { path, message, params }: z.core.$ZodIssueCustom,
): Problem {
  const offset: unknown = params?.['offset'];
  const remedy: unknown = params?.['remedy'];
  return {
    where: document.positions.ofCharacter(path, typeof offset === 'number' ? offset : 0),
    message: `${formatPath(path)}: ${message}`,
    ...(typeof remedy === 'string' ? { remedy } : {}),
  };
}

function describeMismatch(document: YamlDocument, issue: z.core.$ZodIssue): Problem {
  const { path, message } = issue;
  const value = valueAt(document.value, path);
  const where = document.positions.ofValue(path);
  const subject = path.length === 0 ? '' : `${formatPath(path)}: `;
  if (value === undefined) return { where, message: `${subject}missing; ${message}` };
  const remedy = remedyFor(issue, value);
  const problem = { where, message: `${subject}${message}, got ${describeValue(value)}` };
  return remedy === undefined ? problem : { ...problem, remedy };
}

function remedyFor(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const nearest = nearestName(value, issue.values.map(String));
    return nearest === undefined ? undefined : `did you mean ${nearest}?`;
  }
  if (issue.path[1] !== 'keys' || issue.path.length !== 3 || typeof value !== 'object') return undefined;
  return 'YAML makes a map of a colon with a space after it: put the template in quotes';
}

/** What may be written in the map at `path`. */
function fieldNames(schema: z.core.$ZodType, path: Path): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return fieldNames(schema.unwrap(), path);
  if (schema instanceof z.ZodPipe) return fieldNames(schema.in, path);
  if (schema instanceof z.ZodArray) return fieldNames(schema.element, path.slice(1));
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => fieldNames(option, path));
  if (!(schema instanceof z.ZodObject)) return [];
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(shape);
  const inner = shape[String(step)];
  return inner === undefined ? [] : fieldNames(inner, rest);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => asRecord(inner)[String(step)], value);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
