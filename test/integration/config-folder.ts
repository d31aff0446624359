import { writeFile } from 'node:fs/promises';
import { TempFolder } from '../support/temp-folder.ts';
import type { TestContext } from '../support/test-context.ts';
import { ruleText, type TestRule } from './rule-text.ts';

/** A folder with `freshet.yaml`, as an operator of the context's daemon has one, for verbs beside the daemon. */
export async function configFolder(
  { keyPrefix, slot, publication, databaseUrl, redisUrl }: TestContext,
  rules: readonly TestRule[],
): Promise<TempFolder> {
  const folder = await TempFolder.create('config');
  await writeFile(folder.join('rules.yaml'), ruleText(keyPrefix, rules));
  const settings = {
    postgres: { url: databaseUrl, slot, publication },
    redis: { url: redisUrl },
    rules: ['rules.yaml'],
  };
  await writeFile(folder.join('freshet.yaml'), JSON.stringify(settings));
  return folder;
}
