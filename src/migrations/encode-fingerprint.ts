import { formatLsn, type Lsn, parseLsn } from '../domain/lsn.ts';
import type { Fingerprint, Sighting } from './fingerprint.ts';

/** Another version of Freshet may look at other things; then nothing can be compared. */
const FORMAT = 1;

/** What is kept of a sighting until the next process: one text, about 0.3 kB a table or partition. */
export function encodeFingerprint({ fingerprint, lsn }: Pick<Sighting, 'fingerprint' | 'lsn'>): string {
  return JSON.stringify({ format: FORMAT, lsn: formatLsn(lsn), ...fingerprint });
}

/**
 * @returns undefined for a text that no Freshet of this version wrote: then what happened since is unknown
 */
export function decodeFingerprint(text: string): { fingerprint: Fingerprint; lsn: Lsn } | undefined {
  try {
    const { format, lsn, publication, tables } = JSON.parse(text);
    if (format !== FORMAT || publication === undefined || !Array.isArray(tables)) return undefined;
    return { fingerprint: { publication, tables }, lsn: parseLsn(lsn) };
  } catch {
    return undefined;
  }
}

/** Whether two looks saw the same, so that nothing needs to be written. */
export function isSameFingerprint(a: Fingerprint, b: Fingerprint): boolean {
  return JSON.stringify(a, withoutSizes) === JSON.stringify(b, withoutSizes);
}

function withoutSizes(key: string, value: unknown): unknown {
  return key === 'mayHaveRows' ? undefined : value;
}
