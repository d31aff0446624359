import type { WordedEffect } from './worded-effect.ts';
import { readWrittenValue } from './written-value.ts';

/**
 * One line: `hash product:7  fields price="9.50" name=null  onlyIfExists`, only with what is said of it.
 * @param rules whose effect it is, where that is to be told
 * @param look of the key, pattern or template
 */
export function describeEffect(
  effect: WordedEffect & { readonly rules?: readonly string[] },
  look: (subject: string) => string = (subject) => subject,
): string {
  const { word, subject, details, rules } = effect;
  const said = Object.entries(details).flatMap(([name, value]) => describeDetail(name, value));
  const reason = word === 'skip' ? ['(a column of it is NULL)'] : [];
  const whose = rules === undefined ? [] : [`rule ${rules.join(', ')}`];
  return [`${word} ${look(subject)}`, ...said, ...reason, ...whose].join('  ');
}

function describeDetail(name: string, value: unknown): readonly string[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [name];
  if (name === 'query' && typeof value === 'string') return [`${name} ${onOneLine(value)}`];
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value))
    return [`${name} ${readWrittenValue(value).text}`];
  if (name === 'value') return [`${name} ${JSON.stringify(value)}`];
  const members = Object.entries(value).map(
    ([field, inner]) => `${field}=${JSON.stringify(readWrittenValue(inner).text)}`,
  );
  return [[name, ...members].join(' ')];
}

function onOneLine(query: string): string {
  return query.trim().replaceAll(/\s*\n\s*/g, ' ');
}
