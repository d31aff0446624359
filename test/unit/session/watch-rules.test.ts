import { expect, test } from 'vitest';
import { ConfigError, FatalError, RetryableError } from '../../../src/domain/errors.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import { watchRules } from '../../../src/session/watch-rules.ts';

/** One look: the text that is there, and what becomes of it when it is tried. */
interface Look {
  readonly text: string;
  readonly outcome: Error | 'accepted';
}

const denied = (what: string) => new FatalError('DENIED', what, 'grant it');
const invalid = new ConfigError([{ where: 'rules.yaml:1:1', message: 'is not YAML' }]);

/** @returns what was tried, accepted and refused, in order */
async function watch(looks: readonly Look[], retryMs = 0): Promise<readonly string[]> {
  const over = new AbortController();
  const seen: string[] = [];
  let look: Look = { text: 'at the start', outcome: 'accepted' };
  const left = [...looks];
  let isBegun = false;
  const source = {
    digest: () => {
      const next = isBegun ? left.shift() : look;
      isBegun = true;
      if (next === undefined) over.abort();
      else look = next;
      return look.text;
    },
    load: (): readonly Rule[] => [],
  };
  const changes = {
    accept: async () => {
      if (over.signal.aborted) return;
      const { text, outcome } = look;
      seen.push(`tried ${text}`);
      if (outcome !== 'accepted') throw outcome;
      seen.push(`accepted ${text}`);
    },
    refuse: (error: unknown) => void seen.push(`refused: ${String(error)}`),
    isPassing: (error: unknown) => error instanceof RetryableError,
  };
  await watchRules(source, changes, over.signal, { lookMs: 1, retryMs });
  return seen;
}

test('what servers refuse is tried again until they take it, and told again where the reason is another one', async () => {
  const text = 'a';
  expect(
    await watch([
      { text, outcome: denied('no table') },
      { text, outcome: denied('no table') },
      { text, outcome: denied('no privilege') },
      { text, outcome: 'accepted' },
      { text, outcome: 'accepted' },
    ]),
  ).toEqual([
    'tried a',
    'refused: FatalError: no table',
    'tried a',
    'tried a',
    'refused: FatalError: no privilege',
    'tried a',
    'accepted a',
  ]);
});

test('not before its time', async () => {
  const look = { text: 'a', outcome: denied('no table') };
  expect(await watch([look, look, look], 3_600_000)).toEqual(['tried a', 'refused: FatalError: no table']);
});

test('a text that is wrong is not tried again until it is another one', async () => {
  const wrong = { text: 'a', outcome: invalid };
  expect(await watch([wrong, wrong, { text: 'b', outcome: 'accepted' }])).toEqual([
    'tried a',
    `refused: ${String(invalid)}`,
    'tried b',
    'accepted b',
  ]);
});

test('another text with the same fault is told of', async () => {
  const outcome = denied('no table');
  expect(
    await watch(
      [
        { text: 'a', outcome },
        { text: 'b', outcome },
      ],
      3_600_000,
    ),
  ).toEqual(['tried a', 'refused: FatalError: no table', 'tried b', 'refused: FatalError: no table']);
});

test('while a server is away nothing is refused, and it is tried at every look', async () => {
  const away = { text: 'a', outcome: new RetryableError('away') };
  expect(await watch([away, away, { text: 'a', outcome: 'accepted' }], 3_600_000)).toEqual([
    'tried a',
    'tried a',
    'tried a',
    'accepted a',
  ]);
});
