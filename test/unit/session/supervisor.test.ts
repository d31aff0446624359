import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FatalError, RetryableError, StandbySignal } from '../../../src/domain/errors.ts';
import type { Log } from '../../../src/domain/log.ts';
import { Backoff } from '../../../src/runtime/backoff.ts';
import { DaemonStatus, type Phase } from '../../../src/session/daemon-status.ts';
import { supervise } from '../../../src/session/supervisor.ts';
import { Metrics } from '../../../src/telemetry/metrics.ts';

// A standby waits half a second at least; there is no need for more here.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void vi.restoreAllMocks());

/** Plays sessions one after the other; the last one stops the supervisor. */
async function play(...ends: readonly (Error | 'stopped')[]) {
  const stop = new AbortController();
  const status = new DaemonStatus();
  const metrics = new Metrics();
  const lines: string[] = [];
  const write = (_fields: object, message: string) => void lines.push(message);
  const log: Log = { info: write, warn: write, error: write };
  const phasesAtStart: Phase[] = [];
  let sessions = 0;
  const session = async (): Promise<void> => {
    phasesAtStart.push(status.phase);
    const end = ends[sessions++];
    if (end === undefined || end === 'stopped') stop.abort();
    else throw end;
  };
  const backoff = new Backoff({ initialMs: 1, maxMs: 2 });
  const outcome = await supervise({ session, backoff, status, metrics, log }, stop.signal).catch(
    (error: unknown) => error,
  );
  return { outcome, lines, phasesAtStart, sessions, metrics: await metrics.registry.metrics() };
}

test('a session that ends for a passing reason is followed by a new one', async () => {
  const { outcome, sessions, phasesAtStart, metrics } = await play(
    new RetryableError('lost'),
    new RetryableError('lost'),
    'stopped',
  );
  expect([outcome, sessions]).toEqual([undefined, 3]);
  expect(phasesAtStart).toEqual(['starting', 'reconnecting', 'reconnecting']);
  expect(metrics).toContain('freshet_sessions_total{end="fault"} 2');
  expect(metrics).toContain('freshet_sessions_total{end="stopped"} 1');
});

test('a slot that another process holds is waited for, and said once', async () => {
  const held = new StandbySignal('replication slot freshet is held by another process');
  const { outcome, phasesAtStart, lines } = await play(held, held, 'stopped');
  expect(outcome).toBeUndefined();
  expect(phasesAtStart).toEqual(['starting', 'standby', 'standby']);
  expect(lines).toEqual(['replication slot freshet is held by another process; standing by to take over']);
});

test.each([new FatalError('SLOT_LOST', 'lost', 'make a new one'), new TypeError('a fault of the program')])(
  '%s ends it',
  async (fault) => {
    const { outcome, sessions } = await play(fault, 'stopped');
    expect([outcome, sessions]).toEqual([fault, 1]);
  },
);

test('the signal ends a wait at once, and starts nothing more', async () => {
  const stop = new AbortController();
  let sessions = 0;
  const supervising = supervise(
    {
      session: async () => {
        sessions++;
        queueMicrotask(() => stop.abort());
        throw new RetryableError('lost');
      },
      backoff: new Backoff({ initialMs: 3_600_000, maxMs: 3_600_000 }),
      status: new DaemonStatus(),
      metrics: new Metrics(),
      log: { info() {}, warn() {}, error() {} },
    },
    stop.signal,
  );
  await supervising;
  expect(sessions).toBe(1);
});

test('a session that was healthy makes the next fault wait only briefly', async () => {
  const stop = new AbortController();
  const delays: unknown[] = [];
  let sessions = 0;
  await supervise(
    {
      session: async (_signal, onHealthy) => {
        if (++sessions === 5) return stop.abort();
        if (sessions === 3) onHealthy();
        throw new RetryableError('lost');
      },
      backoff: new Backoff({ initialMs: 2, maxMs: 100 }, () => 1),
      status: new DaemonStatus(),
      metrics: new Metrics(),
      log: {
        info() {},
        warn: (fields) => void delays.push('retryMs' in fields ? fields.retryMs : undefined),
        error() {},
      },
    },
    stop.signal,
  );
  expect(delays).toEqual([2, 4, 2, 4]);
});
