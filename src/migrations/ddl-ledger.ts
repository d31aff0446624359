import type { Lsn } from '../domain/lsn.ts';
import { formatTableName, type TableName } from '../domain/table.ts';
import type { Sighting } from './fingerprint.ts';
import type { DdlEvent } from './migration-message.ts';
import { type Concerned, tablesConcerned } from './tables-concerned.ts';

/** Where in the stream an event stands. */
export interface EventPosition {
  /** Of the message. */
  readonly lsn: Lsn;
  /** Of its transaction, the low 32 bits. */
  readonly xid: number;
}

/** A look at the catalog whose shapes hold from its position in the stream on. */
interface Pending {
  readonly lsn: Lsn;
  readonly shapes: ReadonlyMap<number, string>;
  readonly isVisible: (xid: number) => boolean;
}

/** The stream can be far behind. Forgetting a look costs a purge too many at worst, and never one too few. */
const MAX_PENDING = 16;

/**
 * Follows the shapes of the rules' tables through the stream, so that an ALTER TABLE that changes no value (an owner, a
 * constraint, a storage parameter) purges nothing. The catalog is usually ahead of the stream: what it shows counts
 * only once the stream has come to the place where it was seen. Without such knowledge an event purges.
 */
export class DdlLedger {
  readonly #ruled: readonly TableName[];
  readonly #owners = new Map<number, TableName>();
  readonly #schemas = new Map<number, string>();
  readonly #shapes = new Map<number, { readonly shape: string; readonly xid?: number }>();
  #pending: readonly Pending[] = [];

  /** @param ruled the tables that rules name, each once */
  constructor(ruled: readonly TableName[]) {
    this.#ruled = ruled;
  }

  /**
   * Takes in a look at the catalog, of now or of a process before this one.
   * @param isVisible whether the transaction with these low 32 bits of its id is visible in the sighting's snapshot
   */
  learn(
    { fingerprint, lsn }: Pick<Sighting, 'fingerprint' | 'lsn'>,
    isVisible: (xid: number) => boolean,
  ): void {
    const shapes = new Map<number, string>();
    for (const { schema, name, schemaOid, members } of fingerprint.tables) {
      if (schemaOid !== null) this.#schemas.set(schemaOid, schema);
      for (const { oid, shape } of members) {
        shapes.set(oid, shape);
        // Names can be taken in early: the worst of it is a purge too many.
        this.#owners.set(oid, { schema, name });
      }
    }
    this.#pending = [...this.#pending, { lsn, shapes, isVisible }].slice(-MAX_PENDING);
  }

  /** Must be asked once for every event, in the order of the stream. */
  concerned(event: DdlEvent, { lsn, xid }: EventPosition): Concerned {
    this.#comeTo(lsn);
    const concerned = tablesConcerned(
      event,
      {
        ownerOf: (oid) => this.#owners.get(oid),
        shapeOf: (oid) => this.#shapes.get(oid)?.shape,
        schemaOf: (oid) => this.#schemas.get(oid),
      },
      this.#ruled,
    );
    this.#follow(event, xid);
    return concerned;
  }

  #comeTo(position: Lsn): void {
    const reached = this.#pending.filter(({ lsn }) => lsn <= position);
    this.#pending = this.#pending.filter(({ lsn }) => lsn > position);
    for (const { shapes, isVisible } of reached) {
      for (const [oid, shape] of shapes) {
        // A commit before the sighting that was not visible to it yet: the event knows better.
        const xid = this.#shapes.get(oid)?.xid;
        if (xid === undefined || isVisible(xid)) this.#shapes.set(oid, { shape });
      }
    }
  }

  #follow({ tables, schemas }: DdlEvent, xid: number): void {
    const ruled = new Map(this.#ruled.map((table) => [formatTableName(table), table]));
    for (const table of tables) {
      const { change, oid, shape } = table;
      const owner = [table, ...table.above].map((name) => ruled.get(formatTableName(name))).find(isKnown);
      if (change === 'dropped' || owner === undefined) this.#forget(oid);
      else {
        this.#owners.set(oid, owner);
        if (shape !== undefined) this.#shapes.set(oid, { shape, xid });
      }
    }
    for (const { oid, name } of schemas) this.#schemas.set(oid, name);
  }

  #forget(oid: number): void {
    this.#owners.delete(oid);
    this.#shapes.delete(oid);
  }
}

function isKnown<T>(value: T | undefined): value is T {
  return value !== undefined;
}
