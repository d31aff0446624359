import { isIP } from 'node:net';
import type { Format } from './format.ts';

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** An address or name to listen on. */
export const host: Format<string> = {
  expected: 'an IP address or host name such as 0.0.0.0, :: or localhost',
  parse: (raw) => (typeof raw === 'string' && (isIP(raw) !== 0 || isHostName(raw)) ? raw : undefined),
};

/** A last label of digits alone would be an address with an error in it: `10.0.0.256`. */
function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !/(?:^|\.)\d+$/.test(text);
}
