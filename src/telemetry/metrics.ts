import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type Batch, isEmpty } from '../domain/batch.ts';
import type { ChangeKind } from '../domain/change.ts';
import { CHANGE_KINDS } from '../domain/change.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import type { SlotState } from '../domain/slot-state.ts';

type PlannedKind = (Effect | Skip)['kind'];
const PLANNED_KINDS = [
  'delete',
  'purge',
  'purgeTag',
  'write',
  'refresh',
  'fanOut',
  'publish',
  'skip',
] as const satisfies readonly PlannedKind[];

const SLOT_STATUSES = ['reserved', 'extended', 'unreserved', 'lost', 'missing'] as const;

type Removals = ReadonlyMap<string, { readonly requested: number; readonly existed: number }>;

interface Outcome {
  readonly removals: Removals;
  readonly written: number;
  readonly refused: number;
}

/** What a session has begun and not done, read at each scrape. */
export interface WorkInProgress {
  readonly batches: () => number;
  readonly invisibleBatches: () => number;
  readonly queueBytes: () => number;
  /** When the oldest transaction that is not settled was committed, milliseconds since 1970. */
  readonly oldestCommitMs: () => number | undefined;
}

/** Everything that /metrics tells, in Prometheus' terms. Per-row counts are plain numbers until somebody asks. */
export class Metrics {
  readonly registry = new Registry();
  readonly #changes: Record<ChangeKind, number> = { insert: 0, update: 0, delete: 0, truncate: 0 };
  readonly #planned: Record<PlannedKind, number> = {
    delete: 0,
    purge: 0,
    purgeTag: 0,
    write: 0,
    refresh: 0,
    fanOut: 0,
    publish: 0,
    skip: 0,
  };

  readonly #removed = this.#counter('keys_removed_total', 'Keys that Redis was told to remove', ['rule']);
  readonly #existed = this.#counter(
    'keys_existed_total',
    'Removed keys that existed; none at all for a busy rule hints at a wrong key template',
    ['rule'],
  );
  readonly #purges = this.#counter('purges_total', 'Patterns whose keys were looked up and removed', []);
  readonly #writes = this.#counter(
    'writes_total',
    'Values written; refused: Redis knew a newer one, as after a replay',
    ['outcome'],
  );
  readonly #migrations = this.#counter(
    'migrations_total',
    'Migrations noticed, by an event trigger, in the catalog, or as an ordered purge',
    ['net'],
  );
  readonly #reloads = this.#counter('rule_reloads_total', 'Changed texts of the rules', ['outcome']);
  readonly #rulesCurrent = this.#gauge(
    'rules_current',
    '0 while the rules as written are refused and older ones go on',
  );
  readonly #shadowed = this.#counter('shadow_effects_total', 'Effects that shadow rules would have had', [
    'rule',
    'kind',
  ]);
  readonly #doubts = this.#counter(
    'conditions_undecided_total',
    'Changes whose condition could not be decided',
    ['rule'],
  );
  readonly #queryErrors = this.#counter(
    'query_errors_total',
    'Queries of rules that failed or took too long',
    ['rule'],
  );
  readonly #overflows = this.#counter(
    'fan_out_overflows_total',
    'Queries that found more keys than maxRows, so that all keys of the template were purged',
    ['rule'],
  );
  readonly #redisErrors = this.#counter(
    'redis_errors_total',
    'Faults of Redis or of the connection to it',
    [],
  );
  readonly #sessions = this.#counter('sessions_total', 'Replication sessions, by how they ended', ['end']);
  readonly #batchKeys = this.#histogram('batch_keys', 'Keys in a batch', [1, 10, 100, 1_000, 10_000]);
  readonly #latency = this.#histogram(
    'commit_to_applied_seconds',
    'From the oldest commit in a batch, by the clock of Postgres, until Redis has removed its keys for good',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600],
  );
  readonly #retainedBytes = this.#gauge('slot_retained_wal_bytes', 'WAL that Postgres keeps for the slot');
  readonly #lagBytes = this.#gauge('lag_bytes', 'WAL written by Postgres and not yet confirmed');
  readonly #slotStatus = this.#gauge('slot_status', 'wal_status of the slot: 1 for the current one', [
    'status',
  ]);
  readonly #applied = this.#gauge('last_applied_timestamp_seconds', 'When a batch was applied last');

  readonly #changesTotal = this.#counter('changes_total', 'Changes of tables that have rules', ['kind']);
  readonly #effectsTotal = this.#counter(
    'effects_total',
    'Effects before coalescing; skip: a column of the key is NULL',
    ['kind'],
  );
  readonly #batches = this.#gauge('batches_in_flight', 'Batches that are begun and not settled');
  readonly #invisible = this.#gauge(
    'batches_invisible',
    'Batches deleted once, that wait for their commits to become visible before they are deleted for good',
  );
  readonly #queueBytes = this.#gauge('queue_bytes', 'Memory of the effects that are not settled, estimated');
  readonly #lagSeconds = this.#gauge(
    'lag_seconds',
    'Age of the oldest commit read and not settled; 0 when idle',
  );
  #work: WorkInProgress | undefined;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#rulesCurrent.set(1);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Prometheus' text format. */
  async render(): Promise<string> {
    this.#changesTotal.reset();
    for (const kind of CHANGE_KINDS) this.#changesTotal.inc({ kind }, this.#changes[kind]);
    this.#effectsTotal.reset();
    for (const kind of PLANNED_KINDS) this.#effectsTotal.inc({ kind }, this.#planned[kind]);
    const oldestCommitMs = this.#work?.oldestCommitMs();
    this.#batches.set(this.#work?.batches() ?? 0);
    this.#invisible.set(this.#work?.invisibleBatches() ?? 0);
    this.#queueBytes.set(this.#work?.queueBytes() ?? 0);
    this.#lagSeconds.set(oldestCommitMs === undefined ? 0 : Math.max(0, Date.now() - oldestCommitMs) / 1000);
    return this.registry.metrics();
  }

  change(kind: ChangeKind): void {
    this.#changes[kind]++;
  }

  planned(planned: Effect | Skip): void {
    this.#planned[planned.kind]++;
  }

  /** An early removal finds what exists; the one that counts comes after it. */
  removedEarly(removals: Removals): void {
    for (const [rule, { existed }] of removals) this.#existed.inc({ rule }, existed);
  }

  applied(batch: Batch, { removals, written, refused }: Outcome): void {
    for (const [rule, { requested, existed }] of removals) {
      this.#removed.inc({ rule }, requested);
      this.#existed.inc({ rule }, existed);
    }
    this.#batchKeys.observe(batch.keys.size);
    this.#purges.inc(batch.purges.size);
    this.#writes.inc({ outcome: 'written' }, written);
    this.#writes.inc({ outcome: 'refused' }, refused);
  }

  settled(batch: Batch): void {
    this.#applied.setToCurrentTime();
    if (batch.oldestCommitMs === undefined || isEmpty(batch)) return;
    this.#latency.observe(Math.max(0, Date.now() - batch.oldestCommitMs) / 1000);
  }

  migrationNoticed(net: 'event' | 'catalog' | 'order'): void {
    this.#migrations.inc({ net });
  }

  rulesReloaded(outcome: 'accepted' | 'refused'): void {
    this.#reloads.inc({ outcome });
    this.#rulesCurrent.set(outcome === 'accepted' ? 1 : 0);
  }

  shadowed({ kind, origin: { rule } }: Effect | Skip): void {
    this.#shadowed.inc({ rule, kind });
  }

  doubted(rule: string): void {
    this.#doubts.inc({ rule });
  }

  queryFailed(rule: string): void {
    this.#queryErrors.inc({ rule });
  }

  fanOutOverflowed(rule: string): void {
    this.#overflows.inc({ rule });
  }

  redisFailed(): void {
    this.#redisErrors.inc();
  }

  sessionEnded(end: 'fault' | 'standby' | 'stopped'): void {
    this.#sessions.inc({ end });
  }

  slot(state: SlotState | undefined): void {
    for (const status of SLOT_STATUSES) this.#slotStatus.set({ status }, 0);
    this.#slotStatus.set({ status: state?.walStatus ?? 'missing' }, 1);
    if (state === undefined) return;
    this.#retainedBytes.set(state.retainedBytes);
    this.#lagBytes.set(state.lagBytes);
  }

  /** From now on this session's work is what the gauges show. */
  watch(work: WorkInProgress): void {
    this.#work = work;
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name: `freshet_${name}`, help, labelNames, registers: [this.registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name: `freshet_${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name: `freshet_${name}`, help, buckets, registers: [this.registry] });
  }
}
