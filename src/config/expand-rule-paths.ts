import { globSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Problem } from '../domain/errors.ts';

/** A rule file, folder or glob as written, and where. */
export interface RulePath {
  readonly text: string;
  readonly where: string;
}

/** What the entries name: absolute paths, each once, in the entries' order. */
export interface ExpandedPaths {
  /** Rule files. */
  readonly files: readonly string[];
  /** Fixture files (`product.test.yaml`) among them and beside them: for `freshet test`, and never read as rules. */
  readonly fixtures: readonly string[];
  /** Entries that name no file. */
  readonly problems: readonly Problem[];
}

export function expandRulePaths(entries: readonly RulePath[], baseFolder: string): ExpandedPaths {
  const files = new Set<string>();
  const fixtures = new Set<string>();
  const problems: Problem[] = [];
  for (const { text, where } of entries) {
    const path = resolve(baseFolder, text);
    const found = isFolder(path) ? listFolder(path) : isFile(path) ? [path] : listGlob(text, baseFolder);
    for (const file of found) {
      if (!isFixture(file)) files.add(file);
      for (const fixture of isFixture(file) ? [file] : fixturesBeside(file)) fixtures.add(fixture);
    }
    if (found.length > 0) continue;
    const message = isFolder(path) ? `${path} holds no *.yaml or *.yml` : `no file matches ${path}`;
    problems.push({ where, message: `rules: ${message}` });
  }
  return { files: [...files], fixtures: [...fixtures], problems };
}

const FIXTURE_NAME = /\.test(\.ya?ml)$/;

export function isFixture(path: string): boolean {
  return FIXTURE_NAME.test(path);
}

/** The rule files that a fixture file is beside: `product.yaml` for `product.test.yaml`. */
export function rulesBeside(fixture: string): readonly string[] {
  const stem = fixture.replace(FIXTURE_NAME, '');
  return [`${stem}.yaml`, `${stem}.yml`].filter(isFile);
}

function fixturesBeside(file: string): readonly string[] {
  const stem = file.replace(/\.ya?ml$/, '');
  return [`${stem}.test.yaml`, `${stem}.test.yml`].filter(isFile);
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
