import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Lsn, toLsn } from '../../../src/domain/lsn.ts';
import { FreshnessProof } from '../../../src/session/freshness-proof.ts';

function sighting(askedMs: number, walEnd: number) {
  return { askedMs, walEnd: toLsn(BigInt(walEnd)) };
}

function lsn(position: number): Lsn {
  return toLsn(BigInt(position));
}

test('nothing is proven before the end that was seen is settled', () => {
  const proof = new FreshnessProof();
  proof.saw(sighting(1_000, 50));
  proof.settled(lsn(49));
  expect(proof.provenMs).toBeUndefined();
  proof.settled(lsn(50));
  expect(proof.provenMs).toBe(1_000);
});

test('an end that is settled already is a proof at once', () => {
  const proof = new FreshnessProof();
  proof.settled(lsn(50));
  proof.saw(sighting(1_000, 50));
  expect(proof.provenMs).toBe(1_000);
});

test('each sighting is proven by itself; a later one can wait', () => {
  const proof = new FreshnessProof();
  for (const at of [1, 2, 3]) proof.saw(sighting(at * 1_000, at * 50));
  proof.settled(lsn(120));
  expect(proof.provenMs).toBe(2_000);
});

test('while nothing is written the newest look at the same end counts', () => {
  const proof = new FreshnessProof();
  for (const at of [1, 2, 3]) proof.saw(sighting(at * 1_000, 50));
  proof.settled(lsn(50));
  expect(proof.provenMs).toBe(3_000);
});

/** The commits of a history by time; a sighting tells where the WAL ended when it was asked, or a little later. */
const history = fc.record({
  steps: fc.array(fc.constantFrom('commit', 'look', 'look late', 'settle', 'rest'), { maxLength: 400 }),
  settleBy: fc.integer({ min: 1, max: 5 }),
});

test('whatever the order, every commit before the proven instant is settled, and the proof catches up', () => {
  fc.assert(
    fc.property(history, ({ steps, settleBy }) => {
      const proof = new FreshnessProof();
      const committedMs: number[] = [];
      let settled = 0;
      for (const [nowMs, step] of steps.entries()) {
        if (step === 'look') proof.saw(sighting(nowMs, committedMs.length));
        if (step === 'look late') {
          const askedMs = nowMs;
          committedMs.push(nowMs + 0.5);
          proof.saw(sighting(askedMs, committedMs.length));
        }
        if (step === 'commit') committedMs.push(nowMs);
        if (step === 'settle')
          proof.settled(lsn((settled = Math.min(settled + settleBy, committedMs.length))));
        const { provenMs } = proof;
        if (provenMs !== undefined)
          expect(committedMs.findIndex((at, index) => at < provenMs && index >= settled)).toBe(-1);
      }
      proof.settled(lsn(committedMs.length));
      proof.saw(sighting(steps.length, committedMs.length));
      expect(proof.provenMs).toBe(steps.length);
    }),
  );
});

test('a backlog of a day is proven step by step, in steps of 1 % of its age', () => {
  const proof = new FreshnessProof();
  const seconds = 86_400;
  for (let second = 0; second < seconds; second++) proof.saw(sighting(second * 1_000, second + 1));
  for (const position of [10, 1_000, 50_000, seconds]) {
    proof.settled(lsn(position));
    const behind = position - 1 - (proof.provenMs ?? 0) / 1_000;
    expect(behind).toBeGreaterThanOrEqual(0);
    expect(behind).toBeLessThanOrEqual(position * 0.01 + 1);
  }
});
