import type { Write } from './effect.ts';

/** What a value takes of memory, about: its characters. */
export function writtenBytes(write: Write): number {
  switch (write.op) {
    case 'remove':
      return 0;
    case 'set':
      return write.value.length;
    case 'hash':
      return textLength(write.fields);
    case 'sortedSet':
      return textLength(write.members);
  }
}

function textLength(texts: ReadonlyMap<string, string | null>): number {
  return texts.entries().reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0);
}
