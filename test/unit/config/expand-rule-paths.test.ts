import { symlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { expandRulePaths } from '../../../src/config/expand-rule-paths.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const FILES = {
  'b.yaml': '',
  'a.yml': '',
  'notes.txt': '',
  '.hidden.yaml': '',
  'more/c.yaml': '',
  'x[1].yaml': '',
};

function namesOf(folder: TemporaryFolder, ...entries: readonly string[]): readonly string[] {
  const paths = entries.map((text) => ({ text, where: text }));
  const { files, problems } = expandRulePaths(paths, folder.path);
  return [...files.map((file) => basename(file)), ...problems.map(({ where }) => `no ${where}`)];
}

test('a folder gives its YAML files in the order of their names', () => {
  using folder = new TemporaryFolder(FILES);
  expect(namesOf(folder, '.')).toEqual(['a.yml', 'b.yaml', 'x[1].yaml']);
});

test('entries keep their order, a file named twice comes once', () => {
  using folder = new TemporaryFolder(FILES);
  expect(namesOf(folder, 'more', 'b.yaml', '*.y*ml', '**/c.yaml')).toEqual([
    'c.yaml',
    'b.yaml',
    'a.yml',
    'x[1].yaml',
  ]);
});

test('a file whose name looks like a glob is that file', () => {
  using folder = new TemporaryFolder(FILES);
  expect(namesOf(folder, 'x[1].yaml')).toEqual(['x[1].yaml']);
});

test('absolute globs, and folders with glob characters above the files', () => {
  using folder = new TemporaryFolder({ 'odd[1]/rules/a.yaml': '' });
  const { files } = expandRulePaths([{ text: 'rules/*.yaml', where: '' }], folder.file('odd[1]'));
  expect(files).toEqual([folder.file('odd[1]/rules/a.yaml')]);
  expect(namesOf(folder, `${folder.path}/*/rules/*.yaml`)).toEqual(['a.yaml']);
});

test('links as Kubernetes mounts a ConfigMap', () => {
  using folder = new TemporaryFolder({ 'rules/..2026_11/product.yaml': '' });
  symlinkSync('..2026_11', folder.file('rules/..data'));
  symlinkSync('..data/product.yaml', folder.file('rules/product.yaml'));
  expect(namesOf(folder, 'rules')).toEqual(['product.yaml']);
});

test('an entry that finds nothing is a problem', () => {
  using folder = new TemporaryFolder({ 'empty/x.txt': '' });
  symlinkSync('gone.yaml', folder.file('broken.yaml'));
  expect(namesOf(folder, 'none.yaml', 'empty', '*.yaml')).toEqual(['no none.yaml', 'no empty', 'no *.yaml']);
});

test('fixtures are never rules, however they are named, and are found beside the rules', () => {
  using folder = new TemporaryFolder({
    'a.yaml': '',
    'a.test.yaml': '',
    'b.yml': '',
    'b.test.yml': '',
    'c.test.yaml': '',
  });
  const expand = (...entries: readonly string[]) => {
    const { files, fixtures } = expandRulePaths(
      entries.map((text) => ({ text, where: text })),
      folder.path,
    );
    return [files, fixtures].map((paths) => paths.map((path) => basename(path)));
  };
  const all = [
    ['a.yaml', 'b.yml'],
    ['a.test.yaml', 'b.test.yml', 'c.test.yaml'],
  ];
  expect(expand('.')).toEqual(all);
  expect(expand('*.y*ml')).toEqual(all);
  expect(expand('a.yaml', 'b.yml')).toEqual([
    ['a.yaml', 'b.yml'],
    ['a.test.yaml', 'b.test.yml'],
  ]);
  expect(expand('c.test.yaml')).toEqual([[], ['c.test.yaml']]);
});
