import { expect, test } from 'vitest';
import { RetryableError } from '../../../src/domain/errors.ts';
import {
  checkSource,
  type FollowedSource,
  keepRenewing,
  type SourceMemory,
} from '../../../src/session/check-source.ts';

/** Remembers as Redis does, and forgets with it. */
class Memory implements SourceMemory {
  readonly key = 'freshet:{slot}:source';
  known: FollowedSource | undefined;

  constructor(known?: FollowedSource) {
    this.known = known;
  }

  async read(): Promise<FollowedSource | undefined> {
    return this.known;
  }

  async write(source: FollowedSource): Promise<void> {
    this.known = source;
  }
}

const source = { systemId: '7300000000000000001', timeline: 1 };
const NOW_MS = Date.UTC(2026, 0, 1);
const followed = { ...source, epoch: NOW_MS / 1000 };

test('an empty Redis may follow any server, and remembers it and since when', async () => {
  const memory = new Memory();
  expect(await checkSource(memory, source, NOW_MS)).toEqual({ ...followed, isNew: true });
  expect(memory.known).toEqual(followed);
});

test('a history that goes on keeps its epoch, or every version in Redis would be older than the next', async () => {
  const memory = new Memory(followed);
  expect(await checkSource(memory, source, NOW_MS + 86_400_000)).toEqual({ ...followed, isNew: false });
  expect(memory.known).toEqual(followed);
});

test.each([
  ['another server', { ...followed, systemId: '7300000000000000002' }],
  ['another timeline, after a failover', { ...followed, timeline: 2 }],
])('keys kept right from %s are not touched, and the memory stays', async (_what, known) => {
  const memory = new Memory(known);
  await expect(checkSource(memory, source)).rejects.toMatchObject({
    name: 'FatalError',
    code: 'SOURCE_CHANGED',
    remedy: expect.stringContaining(`DEL ${memory.key}`),
  });
  expect(memory.known).toEqual(known);
});

test('an outage is no reason to stop renewing; anything else is', async () => {
  const outcomes = [new RetryableError('LOADING'), undefined, new Error('a mistake')];
  let renewals = 0;
  const renew = async (): Promise<void> => {
    const outcome = outcomes[renewals++];
    if (outcome !== undefined) throw outcome;
  };
  await expect(keepRenewing(renew, new AbortController().signal, 1)).rejects.toThrow('a mistake');
  expect(renewals).toBe(3);
});
