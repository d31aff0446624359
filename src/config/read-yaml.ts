import { type Document, isScalar, LineCounter, parseAllDocuments, visit, type YAMLError } from 'yaml';
import type { Problem } from '../domain/errors.ts';
import { formatPosition, SourcePositions } from './source-positions.ts';

/** One document of a YAML file as plain values. */
export interface YamlDocument {
  /** Undefined where nothing but comments was written. */
  readonly value: unknown;
  readonly positions: SourcePositions;
}

/** What a YAML file holds; a document with a syntax error is among the problems and not among the documents. */
export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
}

export interface YamlOptions {
  /** Numbers become `JSON.rawJSON` with the digits as they are written: 9.50 is not 9.5. */
  readonly exactNumbers?: boolean;
}

/** Reads YAML 1.2 (and so JSON), strictly: a key written twice, an unknown tag or alias is a problem. */
export function readYaml(text: string, file: string, { exactNumbers = false }: YamlOptions = {}): YamlFile {
  const lines = new LineCounter();
  const documents: YamlDocument[] = [];
  const problems: Problem[] = [];
  // Pretty errors would quote the source line, and with it a password.
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, schema: 'core' });
  // The library's type for a text without any document.
  for (const document of 'empty' in parsed ? [] : parsed) {
    const repeated = document.errors.filter(isDuplicateKey);
    problems.push(...repeated.map((error) => duplicateKey(error, text, file, lines)));
    const fault = syntaxFault(document);
    if (fault !== undefined) {
      const remedy = quotingRemedy(text, fault.offset, lines);
      const where = formatPosition(file, lines, fault.offset);
      problems.push({ where, message: fault.message, ...(remedy === undefined ? {} : { remedy }) });
      continue;
    }
    if (exactNumbers) keepDigits(document);
    documents.push({
      value: document.contents === null || isNothing(document) ? undefined : document.toJS(),
      positions: new SourcePositions(document, lines, file, text),
    });
  }
  return { documents, problems };
}

/** The first fault only: those after it are mostly its echoes. */
function syntaxFault(document: Document.Parsed): { message: string; offset: number } | undefined {
  const [error] = [...document.errors, ...document.warnings].filter((each) => !isDuplicateKey(each));
  if (error !== undefined) return { message: `YAML: ${withoutSource(error)}`, offset: error.pos[0] };
  let fault: { message: string; offset: number } | undefined;
  visit(document, {
    Alias(_, alias) {
      // The name after the star may be an unquoted password.
      const message =
        'YAML: an alias whose anchor is not set before it; put a value that begins with * in quotes';
      if (alias.resolve(document) === undefined) fault = { message, offset: alias.range?.[0] ?? 0 };
      return fault === undefined ? undefined : visit.BREAK;
    },
  });
  return fault;
}

/** The library's messages end with a piece of the text where they can, and that piece may be a password. */
function withoutSource({ code, message }: YAMLError): string {
  if (code === 'TAG_RESOLVE_FAILED') return 'a tag that cannot be used here';
  if (code === 'BAD_DIRECTIVE') return 'an unknown directive';
  if (code === 'BAD_DQ_ESCAPE') return 'an unknown escape sequence in double quotes';
  return message.replace(/(?<=\w): .*$/s, '');
}

function isDuplicateKey(error: YAMLError): boolean {
  return error.code === 'DUPLICATE_KEY';
}

function duplicateKey(error: YAMLError, text: string, file: string, lines: LineCounter): Problem {
  const key = /^[\w.-]+/.exec(text.slice(error.pos[0]))?.[0] ?? 'a key';
  return { where: formatPosition(file, lines, error.pos[0]), message: `${key}: written twice in one map` };
}

/** A document of comments alone, or of nothing after `---`. */
function isNothing(document: Document.Parsed): boolean {
  return isScalar(document.contents) && document.contents.value === null;
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Numbers that JSON has not, such as 0x1f or .inf, stay what YAML makes of them. */
function keepDigits(document: Document.Parsed): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'number' || !JSON_NUMBER.test(node.source ?? '')) return;
      node.value = JSON.rawJSON(node.source ?? '');
    },
  });
}

/** Templates and quoted names hold characters that mean something to YAML; its own messages do not say so. */
function quotingRemedy(text: string, offset: number, lines: LineCounter): string | undefined {
  const { line } = lines.linePos(offset);
  const written = text.split('\n')[line - 1] ?? '';
  if (/^\s*(?:- )?table:\s*"/.test(written)) {
    return `put the whole name in single quotes: table: '"Shop"."Item"'`;
  }
  if (/[[{].*\$\{|\$\{[^}]*"/.test(written)) {
    return `put a template that begins with { or stands inside [ ] in quotes: '{user:\${id}}:profile'`;
  }
  return undefined;
}
