import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';
import type { Query } from '../domain/query.ts';
import type { Rule } from '../domain/rule.ts';
import type { ReplicationStream } from '../pipeline/capture/replication-stream.ts';
import type { BatchQueue } from '../pipeline/queue/batch-queue.ts';
import type { PrimaryProbe } from '../pipeline/ready/primary-probe.ts';
import type { VisibilityGate } from '../pipeline/ready/visibility-gate.ts';
import type { connectRedis } from '../pipeline/redis/connect-redis.ts';
import { KeptText } from '../pipeline/redis/kept-text.ts';
import type { LeaderToken } from '../pipeline/redis/leader-token.ts';
import { runIdOf } from '../pipeline/redis/run-id.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { ShadowLog } from '../telemetry/shadow-log.ts';
import type { CheckedSource } from './check-source.ts';
import { lastCrash } from './last-crash.ts';
import { LossWatch } from './loss-watch.ts';
import { MigrationWatch } from './migration-watch.ts';
import { readerObserver } from './observers.ts';
import { purgeRules } from './purge-rules.ts';
import { RuleAdoption } from './rule-adoption.ts';
import { StreamReader } from './stream-reader.ts';
import { rootOf, rootsOf } from './table-root.ts';

export interface ReadingHalfOptions {
  readonly settings: Settings;
  readonly rules: readonly Rule[];
  readonly query: Query;
  readonly redis: ReturnType<typeof connectRedis>;
  readonly leader: LeaderToken;
  readonly stream: ReplicationStream;
  readonly queue: BatchQueue;
  readonly primary: PrimaryProbe;
  readonly gate: VisibilityGate;
  readonly source: CheckedSource;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What fills the queue: the stream, and purges for what no row of it tells. */
export interface ReadingHalf {
  /** Has the stream begin. @throws StandbySignal when another process holds the slot; RetryableError, FatalError */
  readonly start: () => Promise<void>;
  /** Forgets the rules that are not in force, before anything is confirmed. @throws RetryableError */
  readonly adopt: () => Promise<void>;
  /** Resolves when what was cached before a rule was there is gone. */
  readonly purged: Promise<void>;
  /** Purges what migrations have changed since Freshet last ran. @throws RetryableError */
  readonly catchUp: () => Promise<void>;
  /**
   * Purges what is new in the rules, what later migrations change, and everything when Redis was replaced. Ends with the
   * signal or a fault.
   */
  readonly watch: () => Promise<unknown>;
  /** Keeps what it has written down from being lost. @throws RetryableError */
  readonly renew: () => Promise<unknown>;
}

/** Wires capture, decode, match, plan and queue: from a stream that is connected to a queue of batches. */
export function openReadingHalf(options: ReadingHalfOptions, signal: AbortSignal): ReadingHalf {
  const { rules, query, redis, leader, stream, queue, primary, gate, source, metrics, log } = options;
  const { slot, publication } = options.settings.postgres;
  const purge = (purged: readonly Rule[]) => purgeRules(purged, { queue, gate, signal });
  const catalog = new KeptText(redis, leader, slot, 'catalog');
  const adopted = new KeptText(redis, leader, slot, 'rules');
  const run = new KeptText(redis, leader, slot, 'run');
  const crash = new KeptText(redis, leader, slot, 'crash');
  const migrations = new MigrationWatch({
    query,
    nextXid: () => primary.nextXid(),
    rules,
    publication,
    memory: catalog,
    isFollowed: !source.isNew,
    rebind: () => reader.rebind((oids) => rootsOf(query, oids)),
    purge,
    noticed: (net) => metrics.migrationNoticed(net),
    log,
  });
  const adoption = new RuleAdoption({
    rules,
    memory: adopted,
    primary,
    purge,
    onPending: (count) => metrics.rulesPending(count),
    log,
  });
  const redisLosses = new LossWatch({
    life: () => runIdOf(redis),
    memory: run,
    isFollowed: !source.isNew,
    purge: () => purge(rules),
    onLoss: (isForgotten) => {
      metrics.redisReplaced();
      const what = isForgotten
        ? 'Redis has lost which process of it held the keys'
        : 'Redis was restarted or replaced';
      log.warn({}, `${what}, and may have lost deletes; the keys of all rules are purged`);
    },
  });
  const postgresLosses = new LossWatch({
    life: () => lastCrash(query),
    memory: crash,
    isFollowed: false,
    purge: () => purge(rules),
    onLoss: () =>
      log.warn(
        {},
        'Postgres has crashed, and with synchronous_commit off may have lost commits that were read; the keys of all rules are purged',
      ),
    // A crash ends the session too; the next one looks at once.
    intervalMs: 60_000,
  });
  const reader = new StreamReader({
    rules,
    queue,
    epoch: source.epoch,
    rootOf: (table) => rootOf(query, table),
    untilVisible: (xid) => primary.untilVisible(xid, signal),
    onMessage: (message, xid) => migrations.heard(message, xid),
    onPosition: (position) => migrations.reached(position),
    observer: readerObserver(log, metrics, new ShadowLog(log, signal)),
  });
  return {
    start: () => stream.start(reader),
    adopt: () => adoption.open(),
    purged: adoption.purged,
    catchUp: () => migrations.open(),
    renew: () => Promise.all([catalog, adopted, run, crash].map((text) => text.renew())),
    watch: () =>
      Promise.all([adoption, migrations, redisLosses, postgresLosses].map((each) => each.run(signal))),
  };
}
