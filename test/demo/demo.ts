/**
 * `npm run demo`: the whole path on this machine, watched from outside. Ends with 0 when every key did what it should.
 * `npm run demo -- --keep` leaves everything running afterwards, to be tried with psql and redis-cli.
 */
import { once } from 'node:events';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { DaemonProcess } from '../support/daemon-process.ts';
import { providePostgres } from '../support/servers/provide-postgres.ts';
import { provideRedis } from '../support/servers/provide-redis.ts';
import type { ProvidedServer } from '../support/servers/provided-server.ts';
import { TestContext } from '../support/test-context.ts';
import { KeyWatch } from './key-watch.ts';
import { runStep, type StepResult } from './run-step.ts';
import { Shop } from './shop.ts';
import { STEPS } from './steps.ts';
import * as terminal from './terminal.ts';

const RULES = join(import.meta.dirname, 'rules.yaml');

class InterruptedSignal extends Error {
  override readonly name = 'InterruptedSignal';
}

async function demo(keep: boolean, signal: AbortSignal): Promise<boolean> {
  await using owned = new AsyncDisposableStack();
  terminal.sayTitle();
  terminal.sayProgress('starting Postgres');
  const postgres = owned.use(await providePostgres());
  signal.throwIfAborted();
  terminal.sayProgress('starting Redis');
  const redis = owned.use(await provideRedis());
  signal.throwIfAborted();

  const context = owned.use(
    await TestContext.open({ postgresUrl: postgres.url, redisUrl: redis.url }, 'shop').catch(
      (cause: unknown) => {
        throw new Error('cannot create the database `shop`; one left by an ended demo may be dropped', {
          cause,
        });
      },
    ),
  );
  await refuseForeignKeys(context, redis);
  const shop = await Shop.open(context);
  terminal.sayProgress('starting Freshet');
  const daemon = context.use(await DaemonProcess.start(context.daemonOptions({ rules: { path: RULES } })));
  const watch = owned.use(await KeyWatch.open(redis.url, context.keyPrefix, context.redis));
  const { size } = await shop.fillCache();

  terminal.clearProgress();
  const places = { postgres: placeOf(postgres, context.databaseUrl), redis: placeOf(redis, redis.url) };
  terminal.sayPart('Postgres', postgres.origin, places.postgres);
  terminal.sayPart('Redis', redis.origin, places.redis);
  terminal.sayPart('Freshet', `pid ${daemon.pid}`, `${daemon.httpUrl}, rules in ${relative('.', RULES)}`);
  terminal.sayPart('Shop', '', `${terminal.count(size)} keys cached`);

  const ended = daemon.exited.then(() => {
    throw new Error('Freshet ended by itself');
  });
  const isGood = await Promise.race([playSteps(shop, watch, signal), ended]).catch((error: unknown) => {
    if (!signal.aborted) terminal.say(daemonsLastWords(daemon));
    throw error;
  });
  if (!isGood) terminal.say(daemonsLastWords(daemon));
  else if (keep) await keepRunning({ context, daemon, shop, watch, places }, signal);
  return isGood;
}

async function playSteps(shop: Shop, watch: KeyWatch, signal: AbortSignal): Promise<boolean> {
  const results: StepResult[] = [];
  for (const [index, step] of STEPS.entries()) {
    signal.throwIfAborted();
    terminal.sayStep(index + 1, step);
    const result = await runStep(shop, watch, step);
    terminal.sayResult(result);
    results.push(result);
  }
  const wrong = results.flatMap(({ missed, lost }) => [...missed, ...lost]);
  const times = results.flatMap(({ gone }) => [...gone.values()]);
  const firsts = results.filter(({ gone }) => gone.size > 0).map(({ gone }) => Math.min(...gone.values()));
  const seen = `${terminal.count(times.length)} keys went, the first of each change after`;
  terminal.sayVerdict(
    wrong.length === 0,
    wrong.length === 0
      ? 'Every key did what it should.'
      : `${wrong.length} keys did not do what they should.`,
    `${seen} ${median(firsts).toFixed(1)} ms (median)`,
  );
  return wrong.length === 0;
}

/** Shows keys as they go while a person plays with the servers; until Ctrl-C. */
async function keepRunning(parts: KeptParts, signal: AbortSignal): Promise<void> {
  const { context, daemon, shop, watch, places } = parts;
  const cached = await shop.fillCache();
  terminal.say('  Everything keeps running until Ctrl-C. Change something; the keys that go show up here.');
  terminal.say();
  terminal.hint('psql', `psql ${places.postgres}`);
  terminal.hint('', `psql ${places.postgres} -c "UPDATE products SET price = 1 WHERE id = 7"`);
  terminal.hint('redis-cli', `redis-cli -u ${places.redis} GET shop:product:7`);
  terminal.hint('', `redis-cli -u ${places.redis} SET shop:product:7 cached`);
  terminal.hint('metrics', `curl -s ${daemon.httpUrl}/metrics`);
  terminal.say();
  watch.listen((key) => {
    if (cached.has(key)) void context.redis.exists(key).then((n) => n === 0 && terminal.sayGone(key, now()));
  });
  const interrupted = signal.aborted ? Promise.resolve() : once(signal, 'abort');
  await Promise.race([interrupted, daemon.exited]);
  if (!signal.aborted) throw new Error('Freshet ended by itself');
}

interface KeptParts {
  readonly context: TestContext;
  readonly daemon: DaemonProcess;
  readonly shop: Shop;
  readonly watch: KeyWatch;
  /** URLs to be shown. */
  readonly places: { readonly postgres: string; readonly redis: string };
}

/** On somebody's own Redis, their keys are not ours to overwrite. */
async function refuseForeignKeys(context: TestContext, redis: ProvidedServer): Promise<void> {
  const [key] = await context.keys();
  if (key !== undefined) {
    throw new Error(
      `this Redis (${redis.origin}) holds keys that begin with "${context.keyPrefix}"; use an empty one`,
    );
  }
}

/** The password of a server of one's own is nobody else's business. */
function placeOf({ origin }: ProvidedServer, url: string): string {
  if (origin !== 'environment') return url;
  const shown = new URL(url);
  shown.password = '';
  return shown.href;
}

function daemonsLastWords({ log }: DaemonProcess): string {
  return ['  The last lines of Freshet:', ...log.slice(-15).map((line) => `    ${line}`), ''].join('\n');
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function now(): string {
  return new Date().toLocaleTimeString('en-GB');
}

/** A shell, npm and the bootstrap may all pass on the same Ctrl-C. */
const SAME_SIGNAL_MS = 500;

/** First signal: stop in order. Second: at once; what was started notices that its parent is gone. */
function abortOnSignals(): AbortSignal {
  const aborter = new AbortController();
  let firstAtMs: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      firstAtMs ??= performance.now();
      if (performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(1);
      aborter.abort(new InterruptedSignal(name));
    });
  }
  return aborter.signal;
}

try {
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
  const isGood = await demo(values.keep, abortOnSignals());
  process.exitCode = isGood ? 0 : 1;
} catch (error) {
  terminal.clearProgress();
  if (error instanceof InterruptedSignal) {
    process.exitCode = 130;
  } else {
    process.stderr.write(`\nThe demo failed: ${describe(error)}\n`);
    process.exitCode = 1;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  because: ${describe(error.cause)}`;
}
