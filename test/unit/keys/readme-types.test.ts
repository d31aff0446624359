import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { columnText } from '../../../src/keys/column-text.ts';
import { TYPE_SAMPLES, type TypeSample } from '../../integration/type-samples.ts';

/** Types that the samples make themselves: what the page calls them, and what they are made of. */
const OWN: Readonly<Record<string, { readonly shown: string; readonly base: string }>> = {
  serial_like: { shown: 'domain over `int8`', base: 'int8' },
  price: { shown: 'domain over `numeric(10,2)`', base: 'numeric' },
  mood: { shown: 'enum', base: 'mood' },
};

test("README's table of types shows the samples that a daemon and generated keys are tested with", () => {
  const page = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const [, table = ''] = /^### Every Postgres type .*?^\| --- .*?\n(.*?)\n\n/ms.exec(page) ?? [];
  const byType = Map.groupBy(TYPE_SAMPLES, ({ type }) => type);
  expect(table.split('\n')).toEqual([...byType].map(([type, samples]) => rowOf(type, samples)));
});

function rowOf(type: string, samples: readonly TypeSample[]): string {
  const cells = [OWN[type]?.shown ?? code(type), samples.map(exampleOf).join('; '), code(parameterOf(type))];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function exampleOf({ value, key }: TypeSample): string {
  if (value === '') return 'the empty text';
  return value === key ? code(key) : `${code(value)} is ${code(key)}`;
}

/** What the generated builder takes. */
function parameterOf(sqlType: string): string {
  const name = sqlType.replace(/\(.*\)/, '');
  const type = name === 'char' ? 'bpchar' : (OWN[name]?.base ?? name);
  return columnText({ type, sqlType }).parameter;
}

function code(text: string): string {
  return `\`${text}\``;
}
