import { stripTypeScriptTypes } from 'node:module';

export type Build = (row: Readonly<Record<string, unknown>>) => string;

/** The generated module, running. */
export async function loadKeys(
  source: string,
): Promise<Readonly<Record<string, Build & Readonly<Record<string, Build>>>>> {
  const script = Buffer.from(stripTypeScriptTypes(source)).toString('base64');
  return (await import(`data:text/javascript;base64,${script}`)).keys;
}
