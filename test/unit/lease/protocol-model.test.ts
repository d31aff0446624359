import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cast, type Outcome, play } from './model/play.ts';
import { ACCIDENTS, CONTROLS, LEASES_BEHIND_THE_GATE, type Protocol } from './model/protocol.ts';

const RUNS = 5_000;

/** Small ones among them: the fewer take part, the more of all orders are tried. */
const casts: fc.Arbitrary<Cast> = fc.record({
  commits: fc.subarray(['a', 'b', 'a'] as const, { minLength: 1 }),
  readers: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  accidents: fc.subarray([...ACCIDENTS]),
});

describe.each(['delete', 'stale'] as const)('where Freshet answers a change with %s', (invalidation) => {
  const real: Protocol = { ...LEASES_BEHIND_THE_GATE, invalidation };

  test('the cache ends up holding what the database holds, or nothing', async () => {
    const fills = { stored: 0, refused: 0 };
    await fc.assert(
      convergence(real, casts, (run) => {
        fills.stored += run.fills.stored;
        fills.refused += run.fills.refused;
      }),
      { numRuns: RUNS },
    );
    // Else it would hold for want of fills.
    expect(fills.stored).toBeGreaterThan(RUNS / 2);
    expect(fills.refused).toBeGreaterThan(RUNS / 10);
  });

  test.each(Object.entries(CONTROLS))('%s leaves an old value', async (_name, { fault, accident }) => {
    const cast: Cast = {
      commits: ['a'],
      readers: [false],
      accidents: accident === undefined ? [] : [accident],
    };
    const { failed, errorInstance } = await fc.check(convergence({ ...real, ...fault }, fc.constant(cast)), {
      numRuns: RUNS,
      endOnFailure: true,
    });
    expect(failed).toBe(true);
    expect(errorInstance).toMatchObject({ name: 'AssertionError' });
  });
});

function convergence(
  protocol: Protocol,
  someCasts: fc.Arbitrary<Cast>,
  observe?: (outcome: Outcome) => void,
): fc.IAsyncProperty<[Cast, fc.Scheduler]> {
  return fc.asyncProperty(someCasts, fc.scheduler(), async (cast, scheduler) => {
    const outcome = await play(protocol, cast, scheduler);
    observe?.(outcome);
    if (outcome.cached !== undefined) expect(outcome.cached).toBe(outcome.database);
  });
}
