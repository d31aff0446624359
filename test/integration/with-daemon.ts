import { test } from 'vitest';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { TestContext } from '../support/test-context.ts';
import { ruleText, type TestRule } from './rule-text.ts';

export interface DaemonSetting {
  /** Creates the tables. */
  readonly schema: string;
  readonly rules: readonly TestRule[];
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

export interface Running {
  readonly context: TestContext;
  readonly daemon: DaemonProcess;
}

/**
 * `test` with a context and one daemon on it that all tests of the file share, one after the other: each has tables
 * and keys of its own.
 */
export function withDaemon({ schema, rules, settings = {} }: DaemonSetting) {
  return test.extend<{ $file: { running: Running } }>({
    running: [
      // oxlint-disable-next-line no-empty-pattern -- vitest reads from the pattern which fixtures this one needs.
      async ({}, use) => {
        await using context = await TestContext.open();
        await context.sql.rows(schema);
        const daemon = await context.startDaemon({
          rules: ruleText(context.keyPrefix, rules),
          settings,
        });
        await use({ context, daemon });
      },
      { scope: 'file' },
    ],
  });
}
