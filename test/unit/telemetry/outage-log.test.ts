import { expect, test } from 'vitest';
import type { Log } from '../../../src/domain/log.ts';
import { OutageLog } from '../../../src/telemetry/outage-log.ts';

test('an outage is two lines, however often something failed meanwhile', () => {
  const lines: string[] = [];
  const write = (_fields: object, message: string) => void lines.push(message);
  const log: Log = { info: write, warn: write, error: write };
  const outage = new OutageLog(log, 'Redis');
  outage.works();
  for (let i = 0; i < 3; i++) outage.failed(new Error('away'));
  outage.works();
  outage.works();
  outage.failed(new Error('away again'));
  expect(lines).toEqual([
    'Redis fails; trying again until it works',
    'Redis works again',
    'Redis fails; trying again until it works',
  ]);
});
