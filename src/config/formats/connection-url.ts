import type { Format } from './format.ts';

/** `postgres://user:password@host:5432/database`; a Unix socket's folder may stand in `?host=`. */
export const postgresUrl = connectionUrl(
  ['postgres:', 'postgresql:'],
  'a URL such as postgres://user:password@host:5432/database',
  (url) => url.hostname !== '' || url.searchParams.has('host'),
);

/** `redis://host:6379/0`, or `rediss://` for TLS. */
export const redisUrl = connectionUrl(
  ['redis:', 'rediss:'],
  'a URL such as redis://host:6379 or rediss://user:password@host:6379/0',
  (url) => url.hostname !== '' && /^(?:\/\d*)?$/.test(url.pathname),
);

/** A YAML list, or text with commas or line breaks between the entries; none at all is a list as well. */
export const postgresUrls: Format<readonly string[]> = {
  expected: `a list, each ${postgresUrl.expected}`,
  parse: (raw) => {
    const urls = listOf(raw)?.map((entry) => postgresUrl.parse(entry));
    return urls?.every((url) => url !== undefined) === true ? urls : undefined;
  },
  hint: (raw) => {
    const entries = listOf(raw) ?? [];
    const wrong = entries.findIndex((entry) => postgresUrl.parse(entry) === undefined);
    const hint = postgresUrl.hint?.(entries[wrong]);
    return hint === undefined ? undefined : `entry ${wrong + 1}: ${hint}`;
  },
};

function listOf(raw: unknown): readonly unknown[] | undefined {
  if (typeof raw !== 'string') return Array.isArray(raw) ? raw : undefined;
  return raw === '' ? [] : raw.split(/[,\n]/).map((entry) => entry.trim());
}

/** These values are secrets: neither `expected` nor a hint repeats any of them. */
function connectionUrl(
  protocols: readonly string[],
  expected: string,
  isComplete: (url: URL) => boolean,
): Format<string> {
  return {
    expected,
    parse: (raw) => {
      // The URL parser would silently drop white space and control characters.
      if (typeof raw !== 'string' || /[\s\p{Cc}]/u.test(raw)) return undefined;
      const url = URL.parse(raw);
      if (url === null || !protocols.includes(url.protocol)) return undefined;
      return url.hash === '' && !raw.includes('#') && isComplete(url) ? raw : undefined;
    },
    hint: (raw) => {
      if (typeof raw !== 'string') return undefined;
      if (!protocols.some((protocol) => raw.startsWith(`${protocol}//`))) {
        return `it must begin with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
      }
      if (/[\s\p{Cc}]/u.test(raw)) return 'it holds white space or a line break';
      return 'in a user name or password, percent-encode # / ? @ : and % (a # is written %23)';
    },
  };
}
