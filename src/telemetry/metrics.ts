import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Batch, isEmpty } from '../domain/batch.ts';
import type { ChangeKind } from '../domain/change.ts';
import { CHANGE_KINDS } from '../domain/change.ts';
import type { Effect, Skip } from '../domain/effect.ts';
import { Instruments } from './instruments.ts';
import { PurgeMetrics } from './purge-metrics.ts';
import { SlotMetrics } from './slot-metrics.ts';
import { WorkGauges, type WorkInProgress } from './work-gauges.ts';

type PlannedKind = (Effect | Skip)['kind'];
const PLANNED_KINDS = [
  'delete',
  'stale',
  'purge',
  'purgeTag',
  'write',
  'refresh',
  'fanOut',
  'publish',
  'skip',
] as const satisfies readonly PlannedKind[];

type Removals = ReadonlyMap<string, { readonly requested: number; readonly existed: number }>;

type Marks = ReadonlyMap<string, { readonly marked: number; readonly removed: number }>;

interface Outcome {
  readonly removals: Removals;
  readonly marks: Marks;
  readonly written: number;
  readonly refused: number;
  readonly full: number;
}

/** Everything that /metrics tells, in Prometheus' terms. Per-row counts are plain numbers until somebody asks. */
export class Metrics {
  readonly registry = new Registry();
  readonly #instruments = new Instruments(this.registry);
  readonly purges = new PurgeMetrics(this.#instruments);
  readonly slot = new SlotMetrics(this.#instruments);
  readonly #workGauges = new WorkGauges(this.#instruments);
  readonly #changes: Record<ChangeKind, number> = { insert: 0, update: 0, delete: 0, truncate: 0 };
  readonly #planned: Record<PlannedKind, number> = {
    delete: 0,
    stale: 0,
    purge: 0,
    purgeTag: 0,
    write: 0,
    refresh: 0,
    fanOut: 0,
    publish: 0,
    skip: 0,
  };

  readonly #removed = this.#instruments.counter('keys_removed_total', 'Keys that Redis was told to remove', [
    'rule',
  ]);
  readonly #existed = this.#instruments.counter(
    'keys_existed_total',
    'Removed keys that existed; none at all for a busy rule hints at a wrong key template',
    ['rule'],
  );
  readonly #deletedAgain = this.#instruments.counter(
    'legacy_deletes_total',
    'Keys that were deleted once more after fillGrace',
    ['rule'],
  );
  readonly #existedAgain = this.#instruments.counter(
    'legacy_existed_total',
    'Those of them that had been filled in the meantime, perhaps with an old value',
    ['rule'],
  );
  readonly #marks = this.#instruments.counter(
    'stale_marks_total',
    'Keys to be marked stale; removed: there was nothing to serve, such as no entry of the client',
    ['rule', 'outcome'],
  );
  readonly #purges = this.#instruments.counter(
    'purges_total',
    'Patterns whose keys were looked up and removed',
  );
  readonly #writes = this.#instruments.counter(
    'writes_total',
    'Values written; refused: Redis knew a newer one, as after a replay; full: it had no memory, and the key was removed',
    ['outcome'],
  );
  readonly #migrations = this.#instruments.counter(
    'migrations_total',
    'Migrations noticed, by an event trigger, in the catalog, or as an ordered purge',
    ['net'],
  );
  readonly #reloads = this.#instruments.counter('rule_reloads_total', 'Changed texts of the rules', [
    'outcome',
  ]);
  readonly #rulesCurrent = this.#instruments.gauge(
    'rules_current',
    '0 while the rules as written are refused and older ones go on',
  );
  readonly #rulesPending = this.#instruments.gauge(
    'rules_pending',
    'Rules that are new or changed, and have old keys that are not all purged yet',
  );
  readonly #shadowed = this.#instruments.counter(
    'shadow_effects_total',
    'Effects that shadow rules would have had',
    ['rule', 'kind'],
  );
  readonly #doubts = this.#instruments.counter(
    'conditions_undecided_total',
    'Changes whose condition could not be decided',
    ['rule'],
  );
  readonly #queryErrors = this.#instruments.counter(
    'query_errors_total',
    'Queries of rules that failed or took too long',
    ['rule'],
  );
  readonly #skippedQueries = this.#instruments.counter(
    'queries_skipped_total',
    'Batches that removed the keys of a template unasked, because its query took too long again and again',
    ['rule'],
  );
  readonly #overflows = this.#instruments.counter(
    'fan_out_overflows_total',
    'Queries that found more keys than maxRows, so that all keys of the template were purged',
    ['rule'],
  );
  readonly #audited = this.#instruments.counter(
    'verified_keys_total',
    'Keys that were compared with the database; stale: something stored an old value',
    ['rule', 'verdict'],
  );
  readonly #redisErrors = this.#instruments.counter(
    'redis_errors_total',
    'Faults of Redis or of the connection to it',
  );
  readonly #redisReplaced = this.#instruments.counter(
    'redis_replaced_total',
    'Restarts and failovers of Redis, each answered by a purge of all rules',
  );
  readonly #sessions = this.#instruments.counter(
    'sessions_total',
    'Replication sessions, by how they ended',
    ['end'],
  );
  readonly #batchKeys = this.#instruments.histogram(
    'batch_keys',
    'Keys in a batch',
    [1, 10, 100, 1_000, 10_000],
  );
  readonly #latency = this.#instruments.histogram(
    'commit_to_applied_seconds',
    'From the oldest commit in a batch, by the clock of Postgres, until Redis has removed its keys for good',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600],
  );
  readonly #applied = this.#instruments.gauge(
    'last_applied_timestamp_seconds',
    'When a batch was applied last',
  );

  readonly #changesTotal = this.#instruments.counter('changes_total', 'Changes of tables that have rules', [
    'kind',
  ]);
  readonly #effectsTotal = this.#instruments.counter(
    'effects_total',
    'Effects before coalescing; skip: a column of the key is NULL',
    ['kind'],
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
    this.#workGauges.show(this.#work);
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

  applied(batch: Batch, { removals, marks, written, refused, full }: Outcome): void {
    for (const [rule, { requested, existed }] of removals) {
      this.#removed.inc({ rule }, requested);
      this.#existed.inc({ rule }, existed);
    }
    for (const [rule, { marked, removed }] of marks) {
      this.#marks.inc({ rule, outcome: 'marked' }, marked);
      this.#marks.inc({ rule, outcome: 'removed' }, removed);
    }
    this.#batchKeys.observe(batch.keys.size);
    this.#purges.inc(batch.purges.size);
    this.#writes.inc({ outcome: 'written' }, written);
    this.#writes.inc({ outcome: 'refused' }, refused);
    this.#writes.inc({ outcome: 'full' }, full);
  }

  /** What `legacy` deletes a while after. */
  deletedAgain(removals: Removals): void {
    for (const [rule, { requested, existed }] of removals) {
      this.#deletedAgain.inc({ rule }, requested);
      this.#existedAgain.inc({ rule }, existed);
    }
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

  rulesPending(count: number): void {
    this.#rulesPending.set(count);
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

  querySkipped(rule: string): void {
    this.#skippedQueries.inc({ rule });
  }

  fanOutOverflowed(rule: string): void {
    this.#overflows.inc({ rule });
  }

  audited(rule: string, verdict: 'absent' | 'consistent' | 'foreign' | 'stale' | 'undecided'): void {
    this.#audited.inc({ rule, verdict });
  }

  redisReplaced(): void {
    this.#redisReplaced.inc();
  }

  redisFailed(): void {
    this.#redisErrors.inc();
  }

  sessionEnded(end: 'fault' | 'standby' | 'stopped'): void {
    this.#sessions.inc({ end });
    // Another process works on what this one had begun.
    if (end === 'standby') this.#work = undefined;
  }

  /** From now on this session's work is what the gauges show. */
  watch(work: WorkInProgress): void {
    this.#work = work;
  }
}
