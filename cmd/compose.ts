import type { Settings } from '../src/config/settings.ts';
import type { Rule } from '../src/domain/rule.ts';
import { Backoff } from '../src/runtime/backoff.ts';
import { HttpServer, type Routes } from '../src/runtime/http-server.ts';
import { DaemonStatus } from '../src/session/daemon-status.ts';
import { prepare } from '../src/session/prepare.ts';
import { runSession } from '../src/session/session.ts';
import { supervise } from '../src/session/supervisor.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { Metrics } from '../src/telemetry/metrics.ts';

/** The composition root: everything that lives as long as the process is made here and handed down. */
export async function runDaemon(
  settings: Settings,
  rules: readonly Rule[],
  signal: AbortSignal,
): Promise<void> {
  const log = createLogger(settings.log.level);
  const metrics = new Metrics();
  const status = new DaemonStatus();
  await using http = await HttpServer.listen(routes(status, metrics), settings.http);
  log.info({ http: http.address, rules: rules.length }, 'freshet starts');

  let isPrepared = false;
  await supervise(
    {
      session: async (stop, onHealthy) => {
        if (!isPrepared) await prepare({ settings, rules, log });
        isPrepared = true;
        await runSession({ settings, rules, log, metrics, status }, stop, onHealthy);
      },
      backoff: new Backoff(settings.retry),
      status,
      metrics,
      log,
    },
    signal,
  );
  log.info({}, 'freshet has stopped');
}

/** Liveness is answering at all: what a restart cannot mend (a server that is away) must not cause one. */
function routes(status: DaemonStatus, metrics: Metrics): Routes {
  return {
    '/livez': () => ({ status: 200, type: 'text/plain', body: 'ok\n' }),
    '/readyz': () => ({
      status: status.isReady() ? 200 : 503,
      type: 'text/plain',
      body: `${status.phase}\n`,
    }),
    '/metrics': async () => ({
      status: 200,
      type: metrics.contentType,
      body: await metrics.render(),
    }),
  };
}
