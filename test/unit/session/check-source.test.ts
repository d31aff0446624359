import { expect, test } from 'vitest';
import { checkSource, type SourceIdentity, type SourceMemory } from '../../../src/session/check-source.ts';

/** Remembers as Redis does, and forgets with it. */
class Memory implements SourceMemory {
  readonly key = 'freshet:{slot}:source';
  known: SourceIdentity | undefined;

  constructor(known?: SourceIdentity) {
    this.known = known;
  }

  async read(): Promise<SourceIdentity | undefined> {
    return this.known;
  }

  async write(source: SourceIdentity): Promise<void> {
    this.known = source;
  }
}

const source = { systemId: '7300000000000000001', timeline: 1 };

test('an empty Redis may follow any server, and remembers it', async () => {
  const memory = new Memory();
  await checkSource(memory, source);
  expect(memory.known).toEqual(source);
  await checkSource(memory, source);
});

test.each([
  ['another server', { systemId: '7300000000000000002', timeline: 1 }],
  ['another timeline, after a failover', { ...source, timeline: 2 }],
])('keys kept right from %s are not touched, and the memory stays', async (_what, known) => {
  const memory = new Memory(known);
  await expect(checkSource(memory, source)).rejects.toMatchObject({
    name: 'FatalError',
    code: 'SOURCE_CHANGED',
    remedy: expect.stringContaining(`DEL ${memory.key}`),
  });
  expect(memory.known).toEqual(known);
});
