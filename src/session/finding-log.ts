import type { Finding } from '../domain/finding.ts';
import type { Log } from '../domain/log.ts';

/** Tells what is found, but not what the look before has found too: the daemon looks again with every reload. */
export class FindingLog {
  readonly #log: Log;
  #told: ReadonlySet<string> = new Set();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(findings: readonly Finding[]): void {
    const before = this.#told;
    this.#told = new Set(findings.map(identify));
    for (const finding of findings) if (!before.has(identify(finding))) this.#write(finding);
  }

  #write({ severity, code, subject, message, remedy }: Finding): void {
    const fields = { code, subject, ...(remedy === undefined ? {} : { remedy }) };
    if (severity === 'error') this.#log.error(fields, message);
    else if (severity === 'warning') this.#log.warn(fields, message);
    else this.#log.info(fields, message);
  }
}

function identify({ code, severity, subject, message }: Finding): string {
  return JSON.stringify([code, severity, subject, message]);
}
