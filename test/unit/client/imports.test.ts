import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Every file that comes along when the client is imported, and every other module, as the source names it. */
function importedBy(entry: string): { files: Set<string>; modules: Set<string> } {
  const files = new Set([entry]);
  const modules = new Set<string>();
  for (const file of files) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    for (const [, target = ''] of source.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s+'([^']+)'/gm)) {
      if (target.startsWith('.')) files.add(relative(ROOT, join(ROOT, dirname(file), target)));
      else modules.add(target);
    }
  }
  return { files, modules };
}

const { files, modules } = importedBy('src/client/client.ts');

test('the client needs no package, and of Node only what is there everywhere', () => {
  expect([...modules].toSorted()).toEqual(['node:async_hooks', 'node:crypto', 'node:timers/promises']);
});

test('of Freshet it needs itself, the scripts of the leases, and how a position is written', () => {
  const foreign = [...files].filter((file) => !file.startsWith('src/client/'));
  expect(foreign.toSorted()).toEqual(['src/domain/lsn.ts', 'src/lease/lease-scripts.ts']);
  expect(files.size).toBeGreaterThan(20);
});
