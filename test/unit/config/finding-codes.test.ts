import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderFindingCodes } from '../../../src/config/render-finding-codes.ts';
import { FINDING_CODES } from '../../../src/domain/finding-codes.ts';

const SOURCE = new URL('../../../src/', import.meta.url);

test('the page of findings is what `node src/config/write-reference.ts` writes now', () => {
  expect(readFileSync(new URL('preflight/README.md', SOURCE), 'utf8')).toBe(renderFindingCodes());
});

test('every code is one that a check or a look at the catalog gives', () => {
  const sources = ['preflight/', 'migrations/'].map(sourcesBelow).join('\n');
  const codes = Object.values(FINDING_CODES).flatMap((meanings) => Object.keys(meanings));
  expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  expect(new Set(codes).size).toBe(codes.length);
});

function sourcesBelow(folder: string): string {
  const below = new URL(folder, SOURCE);
  return readdirSync(below, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(new URL(name, below), 'utf8'))
    .join('\n');
}
