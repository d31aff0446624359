import { readFileSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';

/** A file's text, or why it cannot be read: `no such file or directory`. */
export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly reason: string };

export function readTextFile(path: string): FileText {
  try {
    return { kind: 'text', text: readFileSync(path, 'utf8') };
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
    if (typeof errno !== 'number') throw error;
    return { kind: 'unreadable', reason: getSystemErrorMessage(errno) };
  }
}
