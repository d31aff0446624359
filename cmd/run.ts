import type { FlagValues } from '../src/config/flag-layer.ts';
import { loadRules } from '../src/config/load-rules.ts';
import { loadSettings } from '../src/config/load-settings.ts';
import { runDaemon } from './compose.ts';
import { restartWithFrugalHeap } from './frugal-heap.ts';

export interface RunOptions {
  readonly configFile?: string | undefined;
  /** Flags that override settings. */
  readonly overrides?: FlagValues;
}

/** `freshet run`: works until SIGTERM or SIGINT, then finishes what is in flight; a second signal ends it at once. */
export async function run({ configFile, overrides = {} }: RunOptions): Promise<number> {
  restartWithFrugalHeap();
  const settings = loadSettings({ configFile, env: process.env, overrides });
  const rules = loadRules(settings.rules);
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  await runDaemon(settings, rules, stop.signal);
  return 0;
}
