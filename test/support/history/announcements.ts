import type { Redis } from 'ioredis';
import { EMPTY_TABLES, type RowChange } from './history.ts';
import type { TableState } from './stored-row.ts';
import type { View } from './view.ts';

const NOTHING_SENT = '0-0';

/** The messages that tell of changed keys, and what they must tell. */
export class Announcements {
  readonly #redis: Redis;
  readonly #views: readonly (View & { readonly stream: string })[];
  /** Before each commit, by stream: the last message until then. */
  readonly #marks: ReadonlyMap<string, string>[] = [];

  constructor(redis: Redis, views: readonly View[]) {
    this.#redis = redis;
    this.#views = views.flatMap((view) =>
      view.stream === undefined ? [] : [{ ...view, stream: view.stream }],
    );
  }

  /** To be called before each commit, in the order of the history. */
  async mark(): Promise<void> {
    const marks = new Map<string, string>();
    for (const { stream } of this.#views) {
      const [last] = await this.#redis.xrevrange(stream, '+', '-', 'COUNT', 1);
      marks.set(stream, last?.[0] ?? NOTHING_SENT);
    }
    this.#marks.push(marks);
  }

  /** The keys whose content has changed without a message afterwards. @param states after each commit */
  async missing(changes: readonly RowChange[], states: readonly TableState[]): Promise<readonly string[]> {
    const rows = changes.flatMap((change) => ('after' in change ? [change.after] : []));
    const missing: string[] = [];
    for (const view of this.#views) {
      for (const key of new Set(view.keysOf(rows))) {
        const contents = [EMPTY_TABLES, ...states].map((state) => view.contentOf(key, state));
        const last = contents.findLastIndex((content, index) => index > 0 && content !== contents[index - 1]);
        if (last > 0 && !(await this.#isTold(view.stream, key, this.#marks[last - 1]))) missing.push(key);
      }
    }
    return missing;
  }

  async #isTold(
    stream: string,
    key: string,
    marks: ReadonlyMap<string, string> | undefined,
  ): Promise<boolean> {
    const entries = await this.#redis.xrange(stream, `(${marks?.get(stream) ?? NOTHING_SENT}`, '+');
    return entries.some(([, [, message = '{}']]) => covers(JSON.parse(message), key));
  }
}

function covers(message: { readonly key?: string; readonly pattern?: string }, key: string): boolean {
  if (message.pattern === undefined) return message.key === key;
  const parts = message.pattern.split('*').map((text) => RegExp.escape(text));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(key);
}
