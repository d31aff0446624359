import { beforeEach, describe, expect, test } from 'vitest';
import { RetryableError } from '../../../../src/domain/errors.ts';
import { toLsn } from '../../../../src/domain/lsn.ts';
import type { Query } from '../../../../src/domain/query.ts';
import type { Commits } from '../../../../src/domain/transaction.ts';
import { PrimaryProbe } from '../../../../src/pipeline/ready/primary-probe.ts';
import { ReplicaProbe } from '../../../../src/pipeline/ready/replica-probe.ts';
import { VisibilityGate } from '../../../../src/pipeline/ready/visibility-gate.ts';

const TIMELINE = 17;
const never = new AbortController().signal;

/** Answers probes with what the server says now. */
class Server {
  snapshot = '';
  timeline: string | null = '00000011';
  inserted = '0/0';
  isAway = false;
  probes = 0;
  readonly gate: VisibilityGate;

  constructor(...replicas: readonly StandbyServer[]) {
    this.gate = new VisibilityGate(
      new PrimaryProbe(this.query, TIMELINE),
      replicas.map(
        ({ query }, index) =>
          new ReplicaProbe({
            address: `replica${index}:5432`,
            query,
            observer: { heldUp() {}, caughtUp() {} },
            signal: never,
          }),
      ),
    );
  }

  readonly query: Query = async <Row extends object>() => {
    this.probes++;
    if (this.isAway) throw new RetryableError('away');
    const { snapshot, timeline, inserted } = this;
    return [
      { snapshot, timeline, inserted, pageBytes: 8192, segmentBytes: 2 ** 24 },
    ] as unknown as readonly Row[];
  };
}

/** A replica that has replayed so far; while `hangs`, it says nothing. */
class StandbyServer {
  replayed: string | null = null;
  hangs = false;
  probes = 0;

  readonly query: Query = async <Row extends object>() => {
    this.probes++;
    if (this.hangs) await new Promise(() => {});
    return [{ inRecovery: true, replayed: this.replayed }] as unknown as readonly Row[];
  };
}

/** Each xid stands at the position of the same number. */
function commits(...xids: readonly number[]): Commits {
  return new Map(xids.map((xid) => [xid, toLsn(BigInt(xid))]));
}

test('a probe tells which transactions of a batch are not visible yet; a few more follow before it says so', async () => {
  const server = new Server();
  server.snapshot = '10:20:10,12';
  expect(await server.gate.invisible(commits(9, 11))).toEqual(commits());
  expect(server.probes).toBe(1);
  expect(await server.gate.invisible(commits(9, 10, 11, 12, 25))).toEqual(commits(10, 12, 25));
  expect(server.probes).toBe(1 + 4);
});

test('what is visible a moment later was not invisible', async () => {
  const server = new Server();
  server.snapshot = '10:20:10';
  const asked = server.gate.invisible(commits(9, 10));
  server.snapshot = '20:20:';
  expect(await asked).toEqual(commits());
  expect(server.probes).toBe(2);
});

test('a batch that waits goes on after each transaction that becomes visible, and hears which are left', async () => {
  const server = new Server();
  server.snapshot = '10:20:10,11';
  let left = commits(10, 11);
  const first = server.gate.untilFewer(left, never);
  server.snapshot = '10:20:10';
  left = await first;
  expect(left).toEqual(commits(10));
  const second = server.gate.untilFewer(left, never);
  server.snapshot = '20:20:';
  expect(await second).toEqual(commits());
});

test('those that wait share one probe, and none waits for the other', async () => {
  const server = new Server();
  const { gate } = server;
  server.snapshot = '10:20:10,11';
  const done: string[] = [];
  const first = gate.untilFewer(commits(10), never).then(() => done.push('first'));
  const second = gate.untilFewer(commits(11), never).then(() => done.push('second'));
  expect(gate.waiting).toBe(2);
  server.snapshot = '10:20:10';
  await second;
  expect([done, gate.waiting]).toEqual([['second'], 1]);
  server.snapshot = '20:20:';
  await first;
  expect(gate.waiting).toBe(0);
});

test('a batch that waits hears of each that becomes visible, not only of the last', async () => {
  const server = new Server();
  server.snapshot = '10:20:10,12';
  const left = await server.gate.untilFewer(commits(10, 11, 12), never);
  expect(left).toEqual(commits(10, 12));
  server.snapshot = '12:20:12';
  expect(await server.gate.untilFewer(left, never)).toEqual(commits(12));
});

test('after everybody went on, a later one is waited for again', async () => {
  const server = new Server();
  server.snapshot = '20:20:';
  await server.gate.untilFewer(commits(10), never);
  await server.gate.untilFewer(commits(11), never);
  expect(server.gate.waiting).toBe(0);
});

describe('nothing is visible by mistake:', () => {
  test.each<[string, string | null]>([
    ['a standby, whose snapshot knows nothing of running transactions', null],
    ['a promoted server, whose transactions are others', '00000012'],
    ['one that reads the timeline as decimal', '00000017'],
  ])('%s', async (_what, timeline) => {
    const server = new Server();
    Object.assign(server, { snapshot: '20:20:', timeline });
    await expect(server.gate.invisible(commits(10))).rejects.toThrow(RetryableError);
    await expect(server.gate.untilFewer(commits(10), never)).rejects.toThrow(RetryableError);
  });

  test('a server that is away fails everybody who waits', async () => {
    const server = new Server();
    server.isAway = true;
    const waiting = [10, 11].map((xid) => server.gate.untilFewer(commits(xid), never));
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(server.gate.waiting).toBe(0);
  });

  test('the end of the session ends the wait', async () => {
    const server = new Server();
    server.snapshot = '10:20:10';
    const over = new AbortController();
    const waiting = server.gate.untilFewer(commits(10), over.signal);
    over.abort();
    await expect(waiting).rejects.toThrow();
  });
});

describe('with replicas', () => {
  let near: StandbyServer;
  let far: StandbyServer;
  let server: Server;

  beforeEach(() => {
    near = new StandbyServer();
    far = new StandbyServer();
    server = new Server(near, far);
    server.snapshot = '20:20:';
  });

  test('a transaction is visible once each of them has replayed beyond its commit record', async () => {
    near.replayed = '0/C';
    far.replayed = '0/A';
    const left = await server.gate.untilFewer(commits(9, 10, 11), never);
    expect(left).toEqual(commits(10, 11));
    far.replayed = '0/C';
    expect(await server.gate.untilFewer(left, never)).toEqual(commits());
  });

  test('and visible on the primary', async () => {
    server.snapshot = '10:20:10';
    near.replayed = far.replayed = '0/FF';
    expect(await server.gate.untilFewer(commits(9, 10), never)).toEqual(commits(10));
  });

  test('one that has replayed nothing yet shows nothing', async () => {
    near.replayed = '0/FF';
    const waiting = server.gate.untilFewer(commits(9), never);
    await expect.poll(() => far.probes).toBeGreaterThan(1);
    expect(server.gate.waiting).toBe(1);
    far.replayed = '0/FF';
    expect(await waiting).toEqual(commits());
  });

  test('one that does not answer delays no probe, and no question to others', async () => {
    near.replayed = '0/FF';
    far.hangs = true;
    expect(await server.gate.invisible(commits(9))).toEqual(commits(9));
    expect(await server.gate.invisible(commits(10))).toEqual(commits(10));
    expect([server.probes, near.probes, far.probes]).toEqual([8, 1, 1]);
  });

  test('what the primary shows now is replicated once each of them has replayed the last record', async () => {
    server.inserted = '0/30';
    near.replayed = '0/30';
    far.replayed = '0/2F';
    let isReplicated = false;
    const replicated = server.gate.untilReplicated(never).then((answer) => (isReplicated = answer));
    await expect.poll(() => far.probes).toBeGreaterThan(2);
    expect(isReplicated).toBe(false);
    far.replayed = '0/30';
    expect(await replicated).toBe(true);
  });
});

test('without replicas nothing is asked for their sake', async () => {
  const server = new Server();
  expect(await server.gate.untilReplicated(never)).toBe(false);
  expect(server.probes).toBe(0);
});
