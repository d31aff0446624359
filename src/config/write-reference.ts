/** Writes the reference page beside this file: `node src/config/write-reference.ts`. A test fails when it is stale. */
import { writeFileSync } from 'node:fs';
import { renderReference } from './render-reference.ts';

writeFileSync(new URL('README.md', import.meta.url), renderReference());
