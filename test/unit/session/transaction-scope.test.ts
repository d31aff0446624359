import { expect, test } from 'vitest';
import { toLsn } from '../../../src/domain/lsn.ts';
import type { Transaction } from '../../../src/domain/transaction.ts';
import { TransactionScope } from '../../../src/session/transaction-scope.ts';
import { ruleOn } from '../pipeline/rule-on.ts';

const EPOCH = 1_700_000_000;
const FIRST: Transaction = { xid: 701, commitLsn: toLsn(90n), commitTimeMs: 0 };
const SECOND: Transaction = { xid: 702, commitLsn: toLsn(190n), commitTimeMs: 0 };

/** @param backlog rows of any rule that wait to be applied */
function scopeWith(backlog: number[] = []): TransactionScope {
  return new TransactionScope(EPOCH, { countRow: () => backlog.shift() ?? 0 });
}

test('a version names the commit and the number of what has arrived last', () => {
  const scope = scopeWith();
  scope.begin(FIRST);
  scope.count();
  expect(scope.version()).toEqual({ epoch: EPOCH, commitLsn: 90n, ordinal: 1 });
  scope.count();
  expect(scope.version()).toEqual({ epoch: EPOCH, commitLsn: 90n, ordinal: 2 });
  scope.begin(SECOND);
  scope.count();
  expect(scope.version()).toEqual({ epoch: EPOCH, commitLsn: 190n, ordinal: 1 });
  expect(scope.xid).toBe(702);
});

test('outside of transactions there is no version', () => {
  expect(() => scopeWith().version()).toThrow('a change outside a transaction');
});

test('a rule ignores the origins and labels that it names, for one transaction', () => {
  const rule = ruleOn('public.products', ['product:${id}'], {
    ignore: { origins: ['elsewhere'], labels: ['import'] },
  });
  const scope = scopeWith();
  scope.begin(FIRST);
  expect(scope.isIgnored(rule)).toBe(false);
  scope.replayedFrom('elsewhere');
  expect(scope.isIgnored(rule)).toBe(true);
  scope.begin(SECOND);
  expect(scope.isIgnored(rule)).toBe(false);
  scope.labelled('import');
  expect(scope.isIgnored(rule)).toBe(true);
  scope.labelled('another');
  expect(scope.isIgnored(rule)).toBe(false);
});

test('a mass change is one by the rows of the transaction, each rule for itself, or by the backlog', () => {
  const massChange = { over: 2, then: 'purge' };
  const product = ruleOn('public.products', ['product:${id}'], { massChange });
  const page = ruleOn('public.products', ['page:${id}'], { name: 'page', massChange });
  const scope = scopeWith();
  const judged = () => [scope.isMassChange(product), scope.isMassChange(page)];
  scope.begin(FIRST);
  expect(scope.isMassChange(product)).toBe(false);
  expect(judged()).toEqual([false, false]);
  expect(judged()).toEqual([true, false]);
  scope.begin(SECOND);
  expect(judged()).toEqual([false, false]);

  const busy = scopeWith([2, 3]);
  busy.begin(FIRST);
  expect(busy.isMassChange(product)).toBe(false);
  expect(busy.isMassChange(product)).toBe(true);
});

test('rows of a rule without a limit are not counted', () => {
  const counted: string[] = [];
  const scope = new TransactionScope(EPOCH, { countRow: (rule) => counted.push(rule) });
  scope.begin(FIRST);
  const unlimited = ruleOn('public.products', ['product:${id}'], { massChange: { over: 1, then: 'keys' } });
  expect(scope.isMassChange(unlimited)).toBe(false);
  expect(scope.isMassChange(unlimited)).toBe(false);
  expect(counted).toEqual([]);
});
