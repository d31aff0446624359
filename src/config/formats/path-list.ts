import type { Format } from './format.ts';

/** A YAML list, or text with commas between the entries; at least one entry, none of them empty. */
export const pathList: Format<readonly string[]> = {
  expected: 'a list of files, folders or globs',
  parse: (raw) => {
    const entries: unknown = typeof raw === 'string' ? raw.split(',').map((entry) => entry.trim()) : raw;
    return Array.isArray(entries) && entries.length > 0 && entries.every(isPath) ? entries : undefined;
  },
};

function isPath(entry: unknown): entry is string {
  return typeof entry === 'string' && entry.trim() !== '' && !entry.includes('\0');
}
