import type { Settings } from '../src/config/settings.ts';
import { RetryableError } from '../src/domain/errors.ts';
import type { Rule } from '../src/domain/rule.ts';
import { Backoff } from '../src/runtime/backoff.ts';
import { HttpServer, type Routes } from '../src/runtime/http-server.ts';
import { DaemonStatus } from '../src/session/daemon-status.ts';
import { describeRefusal } from '../src/session/describe-refusal.ts';
import { FindingLog } from '../src/session/finding-log.ts';
import { prepare } from '../src/session/prepare.ts';
import { runSession } from '../src/session/session.ts';
import { supervise } from '../src/session/supervisor.ts';
import { type RuleSource, watchRules } from '../src/session/watch-rules.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { Metrics } from '../src/telemetry/metrics.ts';

/** The composition root: everything that lives as long as the process is made here and handed down. */
export async function runDaemon(settings: Settings, source: RuleSource, signal: AbortSignal): Promise<void> {
  const log = createLogger(settings.log.level);
  const metrics = new Metrics();
  const status = new DaemonStatus();
  const findingLog = new FindingLog(log);
  let rules = source.load();
  let isPrepared = false;
  /** Ends the session in order, so that the next one begins with the new rules, between two transactions. */
  let swap = new AbortController();
  await using http = await HttpServer.listen(routes(status, metrics), settings.http);
  log.info({ http: http.address, rules: rules.length }, 'freshet starts');

  const session = async (stop: AbortSignal, onHealthy: () => void): Promise<void> => {
    if (!isPrepared) await prepare({ settings, rules, isRunning: false, log, findingLog });
    isPrepared = true;
    swap = new AbortController();
    const ending = AbortSignal.any([stop, swap.signal]);
    await runSession({ settings, rules, log, metrics, status }, ending, onHealthy);
  };
  const accept = async (changed: readonly Rule[]): Promise<void> => {
    // Two that prepare at the same time would be in each other's way; these are looked at again soon.
    if (!isPrepared) throw new RetryableError('the rules of the start are not proved yet');
    await prepare({ settings, rules: changed, isRunning: true, log, findingLog });
    rules = changed;
    metrics.rulesReloaded('accepted');
    status.rulesRefused(undefined);
    log.info({ rules: rules.length }, 'the rules were changed');
    swap.abort();
  };
  const refuse = (error: unknown): void => {
    metrics.rulesReloaded('refused');
    status.rulesRefused(describeRefusal(error));
    log.error({ err: error }, 'the changed rules cannot be used; the old ones go on');
  };

  const over = new AbortController();
  const watching = watchRules(source, { accept, refuse, isPassing }, AbortSignal.any([signal, over.signal]));
  try {
    await supervise({ session, backoff: new Backoff(settings.retry), status, metrics, log }, signal);
  } finally {
    over.abort();
    await watching;
  }
  log.info({}, 'freshet has stopped');
}

/** Liveness is answering at all: what a restart cannot mend (a server that is away) must not cause one. */
function routes(status: DaemonStatus, metrics: Metrics): Routes {
  return {
    '/livez': () => ({ status: 200, type: 'text/plain', body: 'ok\n' }),
    '/readyz': () => ({
      status: status.isReady ? 200 : 503,
      type: 'text/plain',
      body: status.text,
    }),
    '/metrics': async () => ({ status: 200, type: metrics.contentType, body: await metrics.render() }),
  };
}

/** A server that is away says nothing about the rules. */
function isPassing(error: unknown): boolean {
  return error instanceof RetryableError;
}
