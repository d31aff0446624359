/** Writes the generated files: `node src/config/write-reference.ts`. A test fails when one is stale. */
import { writeFileSync } from 'node:fs';
import { renderFunctionLibrary } from '../lease/function-library.ts';
import { renderFindingCodes } from './render-finding-codes.ts';
import { renderReference } from './render-reference.ts';
import { renderRuleJsonSchema } from './rule-json-schema.ts';

writeFileSync(new URL('README.md', import.meta.url), renderReference());
writeFileSync(new URL('../preflight/README.md', import.meta.url), renderFindingCodes());
writeFileSync(new URL('../../deploy/schema/cache-rule.schema.json', import.meta.url), renderRuleJsonSchema());
writeFileSync(new URL('../../deploy/redis/freshet-lease.lua', import.meta.url), renderFunctionLibrary());
