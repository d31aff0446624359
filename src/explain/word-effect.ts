import { formatDuration } from '../domain/duration.ts';
import type { Effect, Skip, Write } from '../domain/effect.ts';
import type { WordedEffect } from './worded-effect.ts';

/** A planned effect in words, with everything that a fixture could say of it, but for its rule. */
export function wordEffect(planned: Effect | Skip): WordedEffect {
  switch (planned.kind) {
    case 'delete':
      return { word: 'delete', subject: planned.key, details: graceOf(planned) };
    case 'stale': {
      const details = { serveFor: formatDuration(planned.serveMs) };
      return { word: 'stale', subject: planned.key, details };
    }
    case 'purgeTag':
      return { word: 'purgeTag', subject: planned.key, details: {} };
    case 'write':
      return wordWrite(planned.key, planned.write);
    case 'refresh': {
      const { part } = planned;
      // What is written where the set exists; where it does not, all of it.
      if (part?.op === 'sortedSet') return wordWrite(planned.key, { ...part, isComplete: true });
      const { query, always, asEntry } = planned.action;
      const bound = byName(query.parameters, planned.values);
      const details = { query: query.source, with: bound, onlyIfExists: !always, ...formOf(asEntry) };
      return { word: 'refresh', subject: planned.key, details };
    }
    case 'fanOut': {
      const { source: query, parameters } = planned.fanOut.each;
      const details = { query, with: byName(parameters, planned.values) };
      return { word: 'fanOut', subject: planned.origin.template, details };
    }
    case 'purge': {
      const word = planned.of === 'tags' ? 'purgeTags' : 'purge';
      return { word, subject: planned.pattern, details: graceOf(planned) };
    }
    case 'publish': {
      const { subject, to } = planned;
      const details = { [to.to]: to.name };
      return 'key' in subject
        ? { word: 'publish', subject: subject.key, details }
        : { word: 'publishPattern', subject: subject.pattern, details };
    }
    case 'skip':
      return { word: 'skip', subject: planned.origin.template, details: {} };
  }
}

function wordWrite(key: string, write: Write): WordedEffect {
  switch (write.op) {
    case 'remove':
      return { word: 'delete', subject: key, details: {} };
    case 'set':
      return { word: 'set', subject: key, details: { value: write.value, ...formOf(write.asEntry) } };
    case 'hash': {
      const fields = Object.fromEntries(write.fields);
      return { word: 'hash', subject: key, details: { fields, onlyIfExists: !write.isComplete } };
    }
    case 'sortedSet': {
      const members = Object.fromEntries(write.members);
      return { word: 'sortedSet', subject: key, details: { members, onlyIfExists: !write.isComplete } };
    }
  }
}

function formOf(asEntry: true | undefined): WordedEffect['details'] {
  return asEntry === undefined ? {} : { format: 'freshet' };
}

function graceOf({ fillGraceMs }: { readonly fillGraceMs?: number }): WordedEffect['details'] {
  return fillGraceMs === undefined ? {} : { fillGrace: formatDuration(fillGraceMs) };
}

function byName(
  names: readonly string[],
  values: readonly (string | null)[],
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? null]));
}
