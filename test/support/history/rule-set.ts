import * as fc from 'fast-check';
import { ruleText } from '../../integration/rule-text.ts';
import { type ListSpec, listSpecs, listView } from './list-view.ts';
import { type RecordSpec, recordSpecs, recordView } from './record-view.ts';
import type { View } from './view.ts';
import { TABLE_NAMES } from './wire.ts';

export interface RuleSetSpec {
  readonly lists: readonly ListSpec[];
  readonly records: readonly RecordSpec[];
}

export const ruleSetSpecs: fc.Arbitrary<RuleSetSpec> = fc.record({
  lists: fc.array(listSpecs, { maxLength: 2 }),
  records: fc.array(recordSpecs, { maxLength: 3 }),
});

/** @param prefix of all keys */
export function viewsOf({ lists, records }: RuleSetSpec, prefix: string): readonly View[] {
  return [
    ...lists.map((spec, index) => listView(`list-${index}`, `${prefix}l${index}:`, spec, TABLE_NAMES)),
    ...records.map((spec, index) => recordView(`record-${index}`, `${prefix}r${index}:`, spec, TABLE_NAMES)),
  ];
}

/** The rules of the views as their author writes them. */
export function rulesOf(views: readonly View[]): string {
  return ruleText(
    '',
    views.flatMap(({ rules }) => rules),
  );
}
