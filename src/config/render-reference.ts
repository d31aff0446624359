import { FILTER_NAMES } from '../domain/key-template.ts';
import { renderTable } from './render-table.ts';
import { SETTING_FIELDS } from './settings-schema.ts';

/** The reference page of the settings and of the template notation, as Markdown. */
export function renderReference(): string {
  return `<!-- Written by \`node src/config/write-reference.ts\` from settings-schema.ts; edit that. -->
# Settings

A settings file is YAML (and so may be JSON); each dot of a field is one level of indentation. A flag wins over the
environment, the environment over the file, the file over the default. Without a file the environment is enough.
A variable that is empty, or begins with \`FRESHET_\` and is unknown, is an error; those that Kubernetes sets for a
Service with such a name are not read.

${renderTable(['field', 'environment', 'format', 'default', 'what it is'], settingRows())}

\`..._FILE\` names a file that holds the secret; one line break at its end is cut off. Only one of the two may be set.

# Key templates

${renderTable(['written', 'means'], TEMPLATE_ROWS)}

A template needs some text of its own: on TRUNCATE the keys \`product:*\` go, and the pattern of \`\${id}\` alone would be every key.
`;
}

const TEMPLATE_ROWS = [
  ['`${id}`', 'the column `id`; without quotes it folds to lower case, as in SQL'],
  ['`${"Item Id"}`', 'a column whose name SQL would quote'],
  ['`${email\\|trim\\|lower}`', `filters, applied from left to right: ${FILTER_NAMES.map(code).join(', ')}`],
  [
    '`{user:${id}}:profile`',
    'braces without `$` are literal: hash tags of Redis Cluster. YAML wants quotes around a template that begins with `{`',
  ],
  ['`$$`', 'one literal `$`, so `$${id}` is the text `${id}`'],
];

function settingRows(): readonly (readonly string[])[] {
  return [...SETTING_FIELDS].map(([path, field]) => [
    code(path),
    (field.sensitive === true ? [field.env, `${field.env}_FILE`] : [field.env]).map(code).join(' or '),
    field.format.expected,
    field.default === null ? 'required' : field.default === '' ? 'none' : code(field.default),
    field.doc,
  ]);
}

function code(text: string): string {
  return `\`${text}\``;
}
