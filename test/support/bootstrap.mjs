// The first step of `npm run demo` and `npm test`: brings a fresh clone to the packages and the Node of the lock file,
// then becomes the script that it was asked for. Plain JavaScript without imports from npm, for any Node from 20.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

const MIN_NODE = 24;
const root = resolve(import.meta.dirname, '../..');
const bin = join(root, 'node_modules/.bin');

const [script, ...scriptArgs] = process.argv.slice(2);
if (script === undefined) fail('usage: node test/support/bootstrap.mjs <script> [arguments]');

if (!packagesMatchLock()) installPackages();
run(pinnedNode(), [script, ...scriptArgs]);

/** npm writes what it installed into node_modules/.package-lock.json; packages of other platforms are missing there. */
function packagesMatchLock() {
  try {
    const wanted = readPackages('package-lock.json');
    const installed = readPackages('node_modules/.package-lock.json');
    return Object.entries(wanted).every(([path, { version, optional }]) => {
      const found = installed[path];
      return path === '' || (found === undefined ? optional === true : found.version === version);
    });
  } catch {
    return false;
  }
}

function readPackages(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
}

function installPackages() {
  process.stderr.write(
    'installing the packages of package-lock.json (npm ci), a minute or two the first time …\n',
  );
  // Not the Node under node_modules: npm is about to delete it.
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => resolve(folder) !== bin);
  const { status, error, stdout, stderr } = spawnSync(
    'npm',
    ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, encoding: 'utf8', env: { ...process.env, PATH: path.join(delimiter) } },
  );
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  fail(`npm ci failed (${error?.message ?? `exit code ${status}`}); its words are above`);
}

function pinnedNode() {
  const pinned = join(bin, 'node');
  if (existsSync(pinned)) return pinned;
  // The package `node` fetches its binary in an install script, which npm may have been told to skip.
  if (Number.parseInt(process.versions.node, 10) >= MIN_NODE) return process.execPath;
  return fail(
    `node_modules/.bin/node is missing and this is Node ${process.versions.node}; run \`npm ci --ignore-scripts=false\` or use Node ${MIN_NODE}`,
  );
}

function run(node, args) {
  const child = spawn(node, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole process group; passing it on would make it two, which means "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  // npm itself may be killed without a word to its children.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 500);
  watch.unref();
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
