import { createHash } from 'node:crypto';
import { readTextFile } from './read-text-file.ts';

/** Changes whenever the text of one of the files does, or the list; an unreadable file counts as a text of its own. */
export function digestFiles(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    const read = readTextFile(file);
    hash.update(JSON.stringify([file, read.kind === 'text' ? read.text : read.reason]));
  }
  return hash.digest('hex');
}
