import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderReference } from '../../../src/config/render-reference.ts';

test('the reference page is what `node src/config/write-reference.ts` writes now', () => {
  const page = readFileSync(new URL('../../../src/config/README.md', import.meta.url), 'utf8');
  expect(page).toBe(renderReference());
});
