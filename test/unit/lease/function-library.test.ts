import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderFunctionLibrary } from '../../../src/lease/function-library.ts';

test('the function library is what `node src/config/write-reference.ts` writes now', () => {
  const library = readFileSync(new URL('../../../deploy/redis/freshet-lease.lua', import.meta.url), 'utf8');
  expect(library).toBe(renderFunctionLibrary());
});
