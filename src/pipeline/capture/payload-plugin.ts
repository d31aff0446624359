import type { Client } from 'pg';
import { AbstractPlugin } from 'pg-logical-replication/dist/output-plugins/abstract.plugin.js';

/** Where the library hands over raw pgoutput bytes and lets us start replication our own way. */
export class PayloadPlugin extends AbstractPlugin {
  readonly #onPayload: (payload: Buffer) => void;
  readonly #onStart: (client: Client, slot: string) => Promise<unknown>;

  constructor(
    onPayload: (payload: Buffer) => void,
    onStart: (client: Client, slot: string) => Promise<unknown>,
  ) {
    super({});
    this.#onPayload = onPayload;
    this.#onStart = onStart;
  }

  get name(): string {
    return 'pgoutput';
  }

  parse(payload: Buffer): void {
    this.#onPayload(payload);
  }

  start(client: Client, slotName: string): Promise<unknown> {
    return this.#onStart(client, slotName);
  }
}
