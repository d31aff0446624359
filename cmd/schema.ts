import type { Writable } from 'node:stream';
import { renderRuleJsonSchema } from '../src/config/rule-json-schema.ts';

/** `freshet schema`: the JSON Schema of a rule document. */
export function schema(output: Pick<Writable, 'write'>): number {
  output.write(renderRuleJsonSchema());
  return 0;
}
