import { FILTER_NAMES } from '../domain/key-template.ts';

/**
 * What an editor can tell of a notation without its parser, for the JSON Schema: each lets everything pass that the
 * parser accepts, and stops what is most often mistyped.
 */
const IDENTIFIER = '(?:(?:[A-Za-z_]|[^\\x00-\\x7f])(?:[A-Za-z0-9_$]|[^\\x00-\\x7f])*|"(?:[^"]|"")+")';
const COLUMN = `\\$\\{ *${IDENTIFIER} *(?:\\| *(?:${FILTER_NAMES.join('|')}) *)*\\}`;

export const EDITOR_PATTERNS = {
  table: `^${IDENTIFIER}\\.${IDENTIFIER}$`,
  column: `^${IDENTIFIER}$`,
  /** Text, `$$`, a `$` that begins nothing, and columns with filters. */
  template: `^(?:[^$]|\\$\\$|\\$(?!\\{)|${COLUMN})*$`,
  query:
    '^\\s*(?:[Ss][Ee][Ll][Ee][Cc][Tt]|[Ww][Ii][Tt][Hh]|[Vv][Aa][Ll][Uu][Ee][Ss]|[Tt][Aa][Bb][Ll][Ee])\\b',
  duration: '^(?:0|[1-9]\\d*)(?:ms|s|m|h|d)$',
  share: '^\\d+(?:\\.\\d+)?%?$',
} as const;
