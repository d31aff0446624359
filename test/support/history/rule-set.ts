import * as fc from 'fast-check';
import { ruleText } from '../../integration/rule-text.ts';
import { type CounterSpec, counterSpecs, counterView } from './counter-view.ts';
import { type JoinedSpec, joinedSpecs, joinedView } from './joined-view.ts';
import { type ListSpec, listSpecs, listView } from './list-view.ts';
import { type RankingSpec, rankingSpecs, rankingView } from './ranking-view.ts';
import { type RecordSpec, recordSpecs, recordView } from './record-view.ts';
import { type RefreshSpec, refreshSpecs, refreshView } from './refresh-view.ts';
import type { View } from './view.ts';

export type ViewSpec = ListSpec | RecordSpec | JoinedSpec | RefreshSpec | CounterSpec | RankingSpec;

export const ruleSetSpecs: fc.Arbitrary<readonly ViewSpec[]> = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: listSpecs },
    { weight: 3, arbitrary: recordSpecs },
    { weight: 1, arbitrary: joinedSpecs },
    { weight: 2, arbitrary: refreshSpecs },
    { weight: 1, arbitrary: counterSpecs },
    { weight: 1, arbitrary: rankingSpecs },
  ),
  { minLength: 1, maxLength: 4, size: 'max' },
);

/** @param prefix of all keys */
export function viewsOf(specs: readonly ViewSpec[], prefix: string): readonly View[] {
  return specs.map((spec, index) => viewOf(spec, `${spec.kind}-${index}`, `${prefix}${spec.kind}${index}:`));
}

function viewOf(spec: ViewSpec, name: string, prefix: string): View {
  switch (spec.kind) {
    case 'list':
      return listView(name, prefix, spec);
    case 'record':
      return recordView(name, prefix, spec);
    case 'joined':
      return joinedView(name, prefix, spec);
    case 'refresh':
      return refreshView(name, prefix, spec);
    case 'counter':
      return counterView(name, prefix, spec);
    case 'ranking':
      return rankingView(name, prefix, spec);
  }
}

/** The rules of the views as their author writes them. */
export function rulesOf(views: readonly View[]): string {
  return ruleText(
    '',
    views.flatMap(({ rules }) => rules),
  );
}
