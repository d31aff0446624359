import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type Exit, ServerProcess } from './server-process.ts';
import { TempFolder } from './temp-folder.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface DaemonOptions {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly slot: string;
  readonly publication: string;
  /** Rule documents as YAML text, or the file that holds them. */
  readonly rules: string | { readonly path: string };
  /** Other settings by their dotted names: `{ 'limits.batchKeys': 10 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** The real daemon as a child process with settings and rules in a temporary folder. */
export class DaemonProcess implements AsyncDisposable {
  /** `http://127.0.0.1:12345` */
  readonly httpUrl: string;
  readonly #folder: TempFolder;
  readonly #process: ServerProcess;

  private constructor(httpUrl: string, folder: TempFolder, process: ServerProcess) {
    this.httpUrl = httpUrl;
    this.#folder = folder;
    this.#process = process;
  }

  /** Starts `freshet run` and waits until it is ready. @throws Error with its last words when it ends instead */
  static async start(options: DaemonOptions, deadlineMs = 30_000): Promise<DaemonProcess> {
    const daemon = await DaemonProcess.launch(options);
    try {
      await daemon.waitUntilReady(deadlineMs);
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts it only: for a daemon that is expected to stand by or to refuse. */
  static async launch(options: DaemonOptions): Promise<DaemonProcess> {
    const folder = await TempFolder.create('daemon');
    const port = await freePort();
    const { rules } = options;
    if (typeof rules === 'string') await writeFile(folder.join('rules.yaml'), rules);
    const rulesPath = typeof rules === 'string' ? 'rules.yaml' : rules.path;
    // JSON is YAML.
    const settings = { ...settingsOf(options, port), rules: [rulesPath] };
    await writeFile(folder.join('freshet.yaml'), JSON.stringify(settings, null, 2));
    const server = await ServerProcess.launch('freshet run', {
      command: process.execPath,
      args: [join(ROOT, 'cmd/main.ts'), 'run', '--config', folder.join('freshet.yaml')],
      env: { ...environmentWithoutSettings(), ...options.env },
    });
    return new DaemonProcess(`http://127.0.0.1:${port}`, folder, server);
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** undefined while it runs */
  get exit(): Exit | undefined {
    return this.#process.exit;
  }

  get exited(): Promise<Exit> {
    return this.#process.exited;
  }

  /** What it wrote, a line each. */
  get log(): readonly string[] {
    return this.#process.log;
  }

  /** The settings file, for another verb of the same command. */
  get configFile(): string {
    return this.#folder.join('freshet.yaml');
  }

  /** Writes other rules where the daemon reads them. */
  async changeRules(text: string): Promise<void> {
    await writeFile(this.#folder.join('rules.yaml'), text);
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.httpUrl}/readyz`)).ok;
  }

  /** Ready, and nothing is left of what was cached before its rules were there: what a test fills then stays. */
  async waitUntilReady(deadlineMs = 30_000): Promise<void> {
    await this.#process.waitUntil('GET /readyz', () => this.isReady(), deadlineMs);
    const isAdopted = async () => (await this.metric('freshet_rules_pending')) === 0;
    await this.#process.waitUntil('its rules to be adopted', isAdopted, deadlineMs);
  }

  /** Prometheus' text format. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.httpUrl}/metrics`)).text();
  }

  /** Sum over the series of one metric, all labels; 0 where there is none. */
  async metric(name: string): Promise<number> {
    const series = (await this.metrics()).split('\n').filter((line) => line.split(/[{ ]/)[0] === name);
    return series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Sends a signal without waiting. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#process.signal(signal);
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', deadlineMs = 30_000): Promise<Exit> {
    await this.#process.end(signal, deadlineMs);
    return this.#process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.end('SIGKILL');
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** What is set for the tests, or in the developer's shell, is not for the daemon. */
function environmentWithoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FRESHET_')));
}

type Section = Readonly<Record<string, string | number | boolean>>;

function settingsOf(options: DaemonOptions, port: number): Record<string, Section> {
  const { postgresUrl, redisUrl, slot, publication, settings = {} } = options;
  const sections: Record<string, Section> = {
    postgres: { url: postgresUrl, slot, publication, createMissing: true },
    redis: { url: redisUrl },
    http: { host: '127.0.0.1', port },
    log: { level: 'debug' },
  };
  for (const [path, value] of Object.entries(settings)) {
    const [section = '', name = ''] = path.split('.');
    sections[section] = { ...sections[section], [name]: value };
  }
  return sections;
}
