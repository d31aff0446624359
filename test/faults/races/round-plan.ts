import type { SeededRandom } from '../seeded-random.ts';

export interface PlannedTransaction {
  readonly writes: readonly PlannedWrite[];
  /** Whether it becomes visible only when the standby has replayed it, when it has flushed it, or at once. */
  readonly synchronousCommit: 'remote_apply' | 'on' | 'local';
  readonly pauseMs: number;
}

export interface PlannedWrite {
  readonly id: number;
  readonly kind: 'upsert' | 'delete';
}

export interface RoundPlan {
  /** Rows that are written in this round, and read far more than the others. */
  readonly hot: readonly number[];
  /** For each writer its transactions, in order. */
  readonly writers: readonly (readonly PlannedTransaction[])[];
}

export const WRITERS = 5;
const MAX_ROWS = 3;
const LONGEST_PAUSE_MS = 10;

/** Follows from the generator alone. Most rows are written once, so that no second delete makes up for a lost one. */
export function planRound(ids: readonly number[], random: SeededRandom): RoundPlan {
  const left = random.shuffle([...ids]);
  const hot: number[] = [];
  const writers = Array.from({ length: WRITERS }, () =>
    Array.from({ length: 1 + random.below(2) }, (): PlannedTransaction => {
      const fresh = left.splice(0, 1 + random.below(MAX_ROWS));
      const again = random.next() < 0.1 ? hot.slice(0, 1) : [];
      hot.push(...fresh);
      // In one order everywhere, or two transactions could wait for each other's rows.
      const written = [...fresh, ...again].toSorted((a, b) => a - b);
      return {
        writes: written.map((id) => ({ id, kind: random.next() < 0.2 ? 'delete' : 'upsert' })),
        synchronousCommit: pickCommit(random),
        pauseMs: random.next() * LONGEST_PAUSE_MS,
      };
    }),
  );
  return { hot, writers };
}

function pickCommit(random: SeededRandom): PlannedTransaction['synchronousCommit'] {
  const dice = random.next();
  if (dice < 0.6) return 'remote_apply';
  return dice < 0.8 ? 'on' : 'local';
}
