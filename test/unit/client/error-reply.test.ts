import { expect, test } from 'vitest';
import { isRefusal } from '../../../src/client/error-reply.ts';

test.each([
  'WRONGTYPE Operation against a key holding the wrong kind of value',
  "OOM command not allowed when used memory > 'maxmemory'.",
  'NOPERM No permissions to access a key used as argument',
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
  'ERR Error running script (call to f_1): @user_script:9: -OOM command not allowed',
])('of one command: %s', (message) => {
  expect(isRefusal(new Error(message))).toBe(true);
});

test.each([
  'LOADING Redis is loading the dataset in memory',
  "READONLY You can't write against a read only replica.",
  'CLUSTERDOWN The cluster is down',
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  "ERR Error running script (call to f_1): @user_script:9: -READONLY You can't write",
  'Redis has not answered within 100 ms',
  'connect ECONNREFUSED 127.0.0.1:6379',
  'Connection is closed.',
  'The client is closed',
])('of all: %s', (message) => {
  expect(isRefusal(new Error(message))).toBe(false);
});

test('what is no Error is no reply either', () => {
  expect(isRefusal('OOM command not allowed')).toBe(false);
});
