import { styleText } from 'node:util';
import type { Effect, Skip, Write } from '../src/domain/effect.ts';

/** One effect as a line for people. */
export function describeEffect(planned: Effect | Skip): string {
  switch (planned.kind) {
    case 'delete':
      return `delete ${styleText('green', planned.key)}${onceMore(planned)}`;
    case 'stale':
      return `stale  ${styleText('green', planned.key)}  (served for ${planned.serveMs} ms at most)`;
    case 'purgeTag':
      return `delete ${styleText('green', planned.key)} and every key that it holds`;
    case 'write':
      return describeWrite(planned.key, planned.write);
    case 'purge': {
      const what = planned.of === 'tags' ? ' and every key that they hold' : '';
      return `purge  ${styleText('yellow', planned.pattern)}${what}${onceMore(planned)}`;
    }
    case 'refresh':
      if (planned.part !== undefined && planned.part.op !== 'remove')
        return `${describeWrite(planned.key, planned.part)}, or read whole`;
      return `read   ${styleText('green', planned.key)} again${planned.action.always ? '' : '  (where it exists)'}`;
    case 'fanOut':
      return `ask    ${planned.fanOut.each.source}  with ${JSON.stringify(planned.values)}, then ${planned.origin.template}`;
    case 'publish':
      return `tell   ${planned.to.to} ${planned.to.name}: ${JSON.stringify({ rule: planned.origin.rule, ...planned.subject })}`;
    case 'skip':
      return `skip   ${planned.origin.template}  (a column of it is NULL)`;
  }
}

function onceMore({ fillGraceMs }: { readonly fillGraceMs?: number }): string {
  return fillGraceMs === undefined ? '' : `  (and once more after ${fillGraceMs} ms)`;
}

function describeWrite(key: string, write: Write): string {
  switch (write.op) {
    case 'remove':
      return `delete ${styleText('green', key)}`;
    case 'set':
      return `set    ${styleText('green', key)}  ${write.value}${write.asEntry === true ? '  (as an entry)' : ''}`;
    case 'hash': {
      const fields = [...write.fields].map(([field, value]) =>
        value === null ? `${field}=gone` : `${field}=${JSON.stringify(value)}`,
      );
      const only = write.isComplete ? '' : '  (where it exists)';
      return `hash   ${styleText('green', key)}  ${fields.join(' ')}${only}`;
    }
    case 'sortedSet': {
      const members = [...write.members].map(
        ([member, score]) => `${JSON.stringify(member)}=${score ?? 'gone'}`,
      );
      const only = write.isComplete ? '' : '  (where it exists)';
      return `zset   ${styleText('green', key)}  ${members.join(' ')}${only}`;
    }
  }
}

/** One effect for scripts. */
export function effectToJson(planned: Effect | Skip): object {
  const { kind } = planned;
  const { template } = planned.origin;
  switch (planned.kind) {
    case 'skip':
      return { kind, template };
    case 'fanOut':
      return { kind, template, query: planned.fanOut.each.source, values: planned.values };
    case 'delete':
      return { kind, template, key: planned.key, ...graceToJson(planned) };
    case 'stale':
      return { kind, template, key: planned.key, serveMs: planned.serveMs };
    case 'purgeTag':
      return { kind, template, key: planned.key };
    case 'refresh': {
      const part = planned.part === undefined ? {} : { whereItExists: writeToJson(planned.part) };
      return { kind, template, key: planned.key, format: formatOf(planned.action), ...part };
    }
    case 'purge':
      return { kind, template, of: planned.of, pattern: planned.pattern, ...graceToJson(planned) };
    case 'publish':
      return { kind, template, [planned.to.to]: planned.to.name, ...planned.subject };
    case 'write':
      return { kind, template, key: planned.key, ...writeToJson(planned.write) };
  }
}

function formatOf({ asEntry }: { readonly asEntry?: true }): string {
  return asEntry === true ? 'freshet' : 'plain';
}

function graceToJson({ fillGraceMs }: { readonly fillGraceMs?: number }): object {
  return fillGraceMs === undefined ? {} : { fillGraceMs };
}

function writeToJson(write: Write): object {
  const { op } = write;
  switch (op) {
    case 'remove':
      return { op };
    case 'set':
      return { op, value: write.value, format: formatOf(write) };
    case 'hash':
      return { op, fields: Object.fromEntries(write.fields), onlyIfExists: !write.isComplete };
    case 'sortedSet':
      return { op, members: Object.fromEntries(write.members), onlyIfExists: !write.isComplete };
  }
}
