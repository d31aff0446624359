import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Lsn, toLsn } from '../../../../src/domain/lsn.ts';
import { AckTracker } from '../../../../src/pipeline/settle/ack-tracker.ts';

const at = (position: number): Lsn => toLsn(BigInt(position));

test('batches that complete in order settle one after the other', () => {
  const acks = new AckTracker();
  const [first, second] = [acks.open(at(10)), acks.open(at(20))];
  expect(first()).toBe(10n);
  expect(second()).toBe(20n);
});

test('a batch that completes early waits for those before it', () => {
  const acks = new AckTracker();
  const [first, second, third] = [acks.open(at(10)), acks.open(at(20)), acks.open(at(30))];
  expect(third()).toBe(0n);
  expect(second()).toBe(0n);
  expect(first()).toBe(30n);
});

test('a part of a transaction settles nothing, but holds up what follows', () => {
  const acks = new AckTracker();
  const [part, whole] = [acks.open(undefined), acks.open(at(20))];
  expect(whole()).toBe(0n);
  expect(part()).toBe(20n);
});

test('what completes at once behind one that waits takes one place, however much it is', () => {
  const acks = new AckTracker();
  const waiting = acks.open(at(1));
  for (let position = 2; position <= 1000; position++) {
    acks.open(position % 2 === 0 ? at(position) : undefined)();
    expect(acks.outstanding).toBeLessThanOrEqual(3);
  }
  const other = acks.open(at(2000));
  expect(waiting()).toBe(1000n);
  expect(other()).toBe(2000n);
  expect(acks.outstanding).toBe(0);
});

test('a position that goes back, as a clean restart of Postgres makes it, does not take the settled one along', () => {
  const acks = new AckTracker();
  const [first, again] = [acks.open(at(20)), acks.open(at(10))];
  first();
  expect(again()).toBe(20n);
});

test('whatever the order of completion, exactly the finished beginning is settled', () => {
  const positions = fc.array(fc.option(fc.nat({ max: 50 })), { minLength: 1, maxLength: 20 });
  // Which of those in flight completes next, or none: then another one is opened.
  const choices = fc.infiniteStream(fc.option(fc.nat(), { freq: 3 }));
  fc.assert(
    fc.property(positions, choices, (toOpen, choice) => {
      const acks = new AckTracker();
      const opened: { position: number | null; done: boolean; complete: () => Lsn }[] = [];
      let last = 0n;
      while (opened.length < toOpen.length || opened.some(({ done }) => !done)) {
        const next = choice.next().value ?? null;
        const inFlight = opened.filter(({ done }) => !done);
        const chosen = next === null ? undefined : inFlight[next % inFlight.length];
        if (chosen === undefined) {
          const position = toOpen[opened.length];
          if (position === undefined) continue;
          opened.push({
            position,
            done: false,
            complete: acks.open(position === null ? undefined : at(position)),
          });
          continue;
        }
        chosen.done = true;
        const settled = chosen.complete();
        const unfinished = opened.findIndex(({ done }) => !done);
        const finished = unfinished < 0 ? opened : opened.slice(0, unfinished);
        expect(settled).toBe(BigInt(Math.max(0, ...finished.map(({ position }) => position ?? 0))));
        expect(settled).toBeGreaterThanOrEqual(last);
        last = settled;
      }
    }),
  );
});
