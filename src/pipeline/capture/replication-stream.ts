import type { Socket } from 'node:net';
import type { Client } from 'pg';
import { LogicalReplicationService } from 'pg-logical-replication';
import { RetryableError } from '../../domain/errors.ts';
import { type Lsn, parseLsn, type SettledLsn } from '../../domain/lsn.ts';
import { quoteIdentifier } from '../../domain/table.ts';
import { connectionOptions } from './connection-options.ts';
import { PayloadPlugin } from './payload-plugin.ts';
import { classifyReplicationError, classifyStartError } from './postgres-errors.ts';
import { ReadPacer } from './read-pacer.ts';
import { StatusSender } from './status-sender.ts';

/** Which server the changes come from; another one, or another timeline, has another history. */
export interface Source {
  readonly systemId: string;
  readonly timeline: number;
}

export interface StreamOptions {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  /** Makes a slot for this connection alone, which begins now and is gone with it. */
  readonly isTemporary?: boolean;
}

/** Takes what is streamed. */
export interface StreamReceiver {
  /**
   * One pgoutput message; its memory is used again after the call. While a promise that it returned is open, the
   * socket is not read; what was read already still arrives. An error ends the stream.
   */
  payload(payload: Buffer): Promise<void> | undefined;
  /** Everything up to this position was sent. */
  keepalive(walEnd: Lsn): void;
}

/** The parts of pg's undocumented connection that a replication client cannot do without. */
interface CopyConnection {
  readonly stream: Socket;
  sendCopyFromChunk(chunk: Buffer): void;
  once(event: 'replicationStart', listener: () => void): void;
}

/**
 * One replication connection; never used twice. Of the library only the connection and the protocol's frame are used.
 * Its acknowledgements lose changes: they name one byte too many, a timer confirms what was merely received, and a
 * second subscription starts there. So positions are confirmed here, exact, and only ones that settle has made.
 *
 *     connect: which server is it? -> start: START_REPLICATION ... -> ended: a fault, or close
 */
export class ReplicationStream {
  readonly #options: StreamOptions;
  readonly #service: LogicalReplicationService;
  readonly #mayStart = Promise.withResolvers<void>();
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #pacer = new ReadPacer((until) => this.#pauseUntil(until));
  readonly #pausedUntil = new Set<Promise<void>>();
  #connection: CopyConnection | undefined;
  #receiver: StreamReceiver | undefined;
  #status: StatusSender | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#service = new LogicalReplicationService(connectionOptions(options.url), {
      acknowledge: { auto: false, timeoutSeconds: 0 },
    });
    // Without a listener the emitter throws; the same fault also rejects `subscribe`.
    this.#service.on('error', (error) => this.#fail(classifyReplicationError(error)));
    this.#service.on('heartbeat', (lsn, _time, replyRequested) => {
      const walEnd = parseLsn(lsn);
      this.#received();
      this.#status?.received(walEnd);
      this.#receiver?.keepalive(walEnd);
      if (replyRequested) this.#status?.send();
    });
    this.#ended.promise.catch(() => {});
  }

  /** @returns where changes will come from: nothing is streamed yet @throws RetryableError, FatalError */
  async connect(): Promise<Source> {
    const connected = Promise.withResolvers<Source>();
    const plugin = new PayloadPlugin(
      (payload) => this.#payload(payload),
      (client, slot) => this.#serve(client, slot, connected.resolve),
    );
    // Always 0/0: the slot knows where it stands, and a position of our own could skip changes.
    this.#service.subscribe(plugin, this.#options.slot, '0/0').then(
      () => this.#fail(new RetryableError('Postgres ended the replication stream')),
      (error: unknown) => this.#fail(classifyReplicationError(error)),
    );
    return await this.#unlessFailed(connected.promise);
  }

  /**
   * Begins where the slot stands, once it is connected.
   * @throws StandbySignal when another process holds the slot; RetryableError, FatalError
   */
  async start(receiver: StreamReceiver): Promise<void> {
    this.#receiver = receiver;
    this.#mayStart.resolve();
    await this.#unlessFailed(this.#started.promise);
  }

  /** Settles when the stream is over: rejects with the fault, resolves after `close`. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Reads nothing more; status updates go on. */
  stopReading(): void {
    this.#pauseUntil(this.ended);
  }

  /** Tells Postgres that it may forget what lies before this position. */
  confirm(settled: SettledLsn): void {
    this.#status?.confirm(settled);
  }

  async close(): Promise<void> {
    this.#status?.stop();
    this.#ended.resolve();
    // Else the driver would take leave of a server that may be away, and wait for its answer.
    this.#connection?.stream.destroy();
    await this.#service.destroy();
  }

  async #serve(client: Client, slot: string, onSource: (source: Source) => void): Promise<unknown> {
    const connection = (client as unknown as { connection: CopyConnection }).connection;
    this.#connection = connection;
    const identity = await client.query<{ systemid: string; timeline: string | number }>('IDENTIFY_SYSTEM');
    const timeout = await client.query<{ wal_sender_timeout: string }>('SHOW wal_sender_timeout');
    const recovery = await client.query<{ is: boolean }>('SELECT pg_is_in_recovery() AS is');
    if (recovery.rows[0]?.is === true)
      return this.#fail(new RetryableError('the server is a standby; changes come from the primary alone'));
    const [{ systemid, timeline } = { systemid: '', timeline: 0 }] = identity.rows;
    onSource({ systemId: systemid, timeline: Number(timeline) });
    await this.#mayStart.promise;
    if (this.#options.isTemporary === true) {
      await client.query(
        `CREATE_REPLICATION_SLOT ${quoteIdentifier(slot)} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`,
      );
    }
    let started = false;
    connection.once('replicationStart', () => {
      started = true;
      // After the driver's own listener, so that the messages of this read are counted.
      connection.stream.on('data', (chunk: Buffer) => this.#pacer.read(chunk.length));
      this.#status = new StatusSender({
        write: (message) => connection.sendCopyFromChunk(message),
        walSenderTimeout: timeout.rows[0]?.wal_sender_timeout ?? '',
        isReading: () => this.#pausedUntil.size === 0,
        onSilence: (error) => this.#fail(error),
      });
      this.#started.resolve();
    });
    const publication = quoteIdentifier(this.#options.publication).replaceAll("'", "''");
    try {
      return await client.query(
        `START_REPLICATION SLOT ${quoteIdentifier(slot)} LOGICAL 0/0 ` +
          `(proto_version '1', publication_names '${publication}', messages 'true')`,
      );
    } catch (error) {
      throw started ? error : classifyStartError(error, slot);
    }
  }

  #payload(payload: Buffer): void {
    this.#received();
    try {
      const waiting = this.#receiver?.payload(payload);
      if (waiting !== undefined) this.#pauseUntil(waiting);
    } catch (error) {
      this.#fail(error);
    }
  }

  #received(): void {
    this.#status?.heard();
    this.#pacer.message();
  }

  #pauseUntil(until: Promise<void>): void {
    if (this.#pausedUntil.has(until)) return;
    this.#pausedUntil.add(until);
    this.#connection?.stream.pause();
    until
      .then(() => {
        this.#pausedUntil.delete(until);
        if (this.#pausedUntil.size === 0) this.#connection?.stream.resume();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  async #unlessFailed<T>(step: Promise<T>): Promise<T> {
    return await Promise.race([step, this.#ended.promise.then(() => step)]);
  }

  /** The first fault counts; after it nothing more is handed on. */
  #fail(error: unknown): void {
    this.#ended.reject(error);
    this.#connection?.stream.destroy();
  }
}
