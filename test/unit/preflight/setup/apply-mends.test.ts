import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/domain/finding.ts';
import type { Statement } from '../../../../src/domain/statement.ts';
import { applyMends, type MendOutcome } from '../../../../src/preflight/setup/apply-mends.ts';
import { formatPlan, formatResult } from '../../../../src/preflight/setup/format-mends.ts';
import { planMends } from '../../../../src/preflight/setup/plan-mends.ts';

const FINDING: Finding = {
  code: 'IDENTITY_UNUSABLE',
  severity: 'error',
  subject: 'public.a',
  message: 'is broken',
};
const IDENTITY: Finding = {
  ...FINDING,
  remedy: '-- costs WAL\nCREATE a\nALTER a\n-- costs WAL\nCREATE b\nALTER b',
  statements: [
    { kind: 'create-index', sql: 'CREATE a', table: 'a', index: 'i' },
    { kind: 'alter-table', sql: 'ALTER a', table: 'a' },
    { kind: 'create-index', sql: 'CREATE b', table: 'b', index: 'j' },
    { kind: 'alter-table', sql: 'ALTER b', table: 'b' },
  ],
};
const STREAM: Finding = {
  ...FINDING,
  statements: [
    { kind: 'publish', sql: 'PUBLISH' },
    { kind: 'create-slot', sql: 'SLOT' },
  ],
};

/** What is printed where these statements are refused, and these findings are left after the tables. */
async function linesOf(
  findings: readonly Finding[],
  refused: readonly string[],
  obstacles: readonly Finding[] = [],
): Promise<readonly string[]> {
  const lines: string[] = [];
  const run = async ({ statement }: { readonly statement: Statement }): Promise<MendOutcome> =>
    refused.includes(statement.sql)
      ? { kind: 'refused', sqlState: '42501', reason: 'may not' }
      : { kind: 'done' };
  await applyMends(planMends(findings), {
    run,
    readObstacles: async () => obstacles,
    onResult: (result) => lines.push(formatResult(result)),
  });
  return lines;
}

describe('applyMends', () => {
  test('skips what needs a refused statement of the same table, and goes on with other tables', async () => {
    expect(await linesOf([IDENTITY], ['CREATE a'])).toEqual([
      '1 refused (SQLSTATE 42501): may not',
      '2 skipped: it needs statement 1',
      '3 done',
      '4 done',
    ]);
  });

  test('publishes nothing while the server shows another error, though every statement was run', async () => {
    expect(await linesOf([STREAM], [], [FINDING])).toEqual([
      '1 skipped: not before this is mended: IDENTITY_UNUSABLE public.a',
      '2 skipped: it needs statement 1',
    ]);
  });

  test('publishes where the role may not replicate, and leaves the slot to the one that may', async () => {
    const lacking = {
      code: 'ROLE_LACKS_REPLICATION',
      severity: 'error',
      subject: 'role owner',
      message: 'may not use replication slots',
    } as const;
    expect(await linesOf([STREAM], [], [lacking])).toEqual([
      '1 done',
      "2 skipped: role owner may not use replication slots: the slot is left for the daemon's role, `freshet setup` with its URL",
    ]);
    expect(await linesOf([STREAM], [], [lacking, FINDING])).toEqual([
      '1 skipped: not before this is mended: IDENTITY_UNUSABLE public.a',
      '2 skipped: it needs statement 1',
    ]);
  });

  test('makes no slot for a publication that could not be made', async () => {
    expect(await linesOf([STREAM], ['PUBLISH'])).toEqual([
      '1 refused (SQLSTATE 42501): may not',
      '2 skipped: it needs statement 1',
    ]);
  });
});

test('the plan shows each finding once, with what it costs', () => {
  expect(formatPlan(planMends([IDENTITY, STREAM]))).toBe(
    'IDENTITY_UNUSABLE public.a: is broken\n    -- costs WAL\n  1 CREATE a\n  2 ALTER a\n  3 CREATE b\n  4 ALTER b\n\n' +
      'IDENTITY_UNUSABLE public.a: is broken\n  5 PUBLISH\n  6 SLOT\n\n',
  );
});
