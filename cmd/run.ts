import { digestFiles } from '../src/config/digest-files.ts';
import type { FlagValues } from '../src/config/flag-layer.ts';
import { loadRules } from '../src/config/load-rules.ts';
import { loadRuleFiles, loadSettings } from '../src/config/load-settings.ts';
import type { RuleSource } from '../src/session/watch-rules.ts';
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
  const sources = { configFile, env: process.env, overrides };
  const settings = loadSettings(sources);
  // Expanded again each time: a folder may have got new files.
  const source: RuleSource = {
    digest: () => digestFiles(loadRuleFiles(sources)),
    load: () => loadRules(loadRuleFiles(sources)),
  };
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  await runDaemon(settings, source, stop.signal);
  return 0;
}
