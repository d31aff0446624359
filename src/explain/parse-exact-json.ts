/**
 * JSON whose numbers become `JSON.rawJSON`, at any depth: each comes out of JSON.stringify as it went in.
 * @throws SyntaxError where it is none
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, keepDigits);
}

function keepDigits(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? JSON.rawJSON(context?.source ?? String(value)) : value;
}
