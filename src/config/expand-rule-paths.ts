import { globSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Problem } from '../domain/errors.ts';

/** A rule file, folder or glob as written, and where. */
export interface RulePath {
  readonly text: string;
  readonly where: string;
}

/** Absolute paths of the files that the entries name, each once, in the entries' order; and the entries that name none. */
export function expandRulePaths(
  entries: readonly RulePath[],
  baseFolder: string,
): { readonly files: readonly string[]; readonly problems: readonly Problem[] } {
  const files = new Set<string>();
  const problems: Problem[] = [];
  for (const { text, where } of entries) {
    const path = resolve(baseFolder, text);
    const found = isFolder(path) ? listFolder(path) : isFile(path) ? [path] : listGlob(text, baseFolder);
    for (const file of found) files.add(file);
    if (found.length > 0) continue;
    const message = isFolder(path) ? `${path} holds no *.yaml or *.yml` : `no file matches ${path}`;
    problems.push({ where, message: `rules: ${message}` });
  }
  return { files: [...files], problems };
}

/** Not those that begin with a dot: editors and Kubernetes' mounted ConfigMaps keep their own there. */
function listFolder(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /^[^.].*\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => join(folder, name))
    .filter(isFile);
}

function listGlob(pattern: string, baseFolder: string): readonly string[] {
  return globSync(pattern, { cwd: baseFolder })
    .map((match) => resolve(baseFolder, match))
    .filter(isFile)
    .toSorted();
}

/** Through symbolic links, as a mounted ConfigMap's files are. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
