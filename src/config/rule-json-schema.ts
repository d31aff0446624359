import { z } from 'zod';
import { ruleDocumentSchema } from './rule-schema.ts';

/**
 * The JSON Schema of a rule document as a person writes it, for editors and later the CRD; draft 2020-12. It follows
 * from the zod schema, and lets pass whatever that accepts; what only a parser can tell, `freshet check` does.
 */
export function renderRuleJsonSchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(ruleDocumentSchema, { io: 'input' });
  const title = {
    title: 'CacheRule',
    description: 'Which changes of a Postgres table touch which keys in Redis.',
  };
  return `${JSON.stringify({ $schema, ...title, ...schema }, null, 2)}\n`;
}
