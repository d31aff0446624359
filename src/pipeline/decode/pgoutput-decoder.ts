import type { Change, ColumnValue, Row } from '../../domain/change.ts';
import { toLsn } from '../../domain/lsn.ts';
import type { ReplicaIdentity, Table } from '../../domain/table.ts';
import { ByteReader } from './byte-reader.ts';
import type { Message } from './message.ts';
import { PgoutputError } from './pgoutput-error.ts';

/** https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html */
const code = (character: string): number => character.charCodeAt(0);
const BEGIN = code('B');
const COMMIT = code('C');
const ORIGIN = code('O');
const RELATION = code('R');
const TYPE = code('Y');
const INSERT = code('I');
const UPDATE = code('U');
const DELETE = code('D');
const TRUNCATE = code('T');
const LOGICAL_MESSAGE = code('M');

const KEY_TUPLE = code('K');
const OLD_TUPLE = code('O');
const NEW_TUPLE = code('N');

const NULL_VALUE = code('n');
const UNCHANGED_VALUE = code('u');
const TEXT_VALUE = code('t');

const IDENTITY_BY_CODE: Readonly<Record<string, ReplicaIdentity>> = {
  d: 'default',
  n: 'nothing',
  f: 'full',
  i: 'index',
};

const IGNORED: Message = { kind: 'ignored' };
const UNREAD: Message = { kind: 'unread' };
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/** What the decoder keeps of a relation between its messages. */
interface Relation {
  readonly table: Table;
  /** By column: whether its values are turned into text; undefined where no rule reads the table. */
  wanted: readonly boolean[] | undefined;
}

/**
 * pgoutput bytes (protocol version 1, text format) to messages. Values are decoded only in the columns asked for with
 * `want`; all others are stepped over. Keeps no reference to the bytes, whose memory the driver uses again.
 */
export class PgoutputDecoder {
  readonly #relations = new Map<number, Relation>();
  readonly #reader = new ByteReader();

  /** Asks for the values of these columns in the rows of a table that follow; without it they are all ignored. */
  want(table: Table, columns: ReadonlySet<string>): void {
    const relation = this.#relations.get(table.oid);
    if (relation !== undefined) relation.wanted = table.columns.map((column) => columns.has(column.name));
  }

  /** @throws PgoutputError for bytes that are truncated, corrupt or of another protocol version */
  decode(payload: Buffer): Message {
    const reader = this.#reader;
    reader.reset(payload);
    const tag = reader.uint8();
    switch (tag) {
      case INSERT:
      case UPDATE:
      case DELETE:
        return this.#change(tag);
      case BEGIN:
        return this.#begin();
      case COMMIT:
        return this.#commit();
      case RELATION:
        return this.#relation();
      case TRUNCATE:
        return this.#truncate();
      case LOGICAL_MESSAGE:
        return this.#message();
      case ORIGIN:
        return this.#origin();
      case TYPE:
        return IGNORED;
      default:
        throw new PgoutputError(`unknown message type 0x${tag.toString(16).padStart(2, '0')}`);
    }
  }

  #begin(): Message {
    const reader = this.#reader;
    const commitLsn = toLsn(reader.uint64());
    const commitTimeMs = this.#timestampMs();
    const xid = reader.uint32();
    reader.finish();
    return { kind: 'begin', transaction: { xid, commitLsn, commitTimeMs } };
  }

  #commit(): Message {
    const reader = this.#reader;
    reader.skip(1 + 8); // flags, LSN of the commit record
    const endLsn = toLsn(reader.uint64());
    reader.skip(8); // commit time, known from Begin
    reader.finish();
    return { kind: 'commit', endLsn };
  }

  #relation(): Message {
    const reader = this.#reader;
    const oid = reader.uint32();
    // Also keeps the zeros behind a cut-off list of oids from meaning a table.
    if (oid === 0) throw new PgoutputError('a relation without an oid');
    // pg_catalog is sent as an empty name.
    const schema = reader.cstring() || 'pg_catalog';
    const name = reader.cstring();
    const identity = IDENTITY_BY_CODE[String.fromCharCode(reader.uint8())];
    if (identity === undefined) throw new PgoutputError('unknown replica identity');
    const columns = Array.from({ length: reader.uint16() }, () => {
      const inIdentity = (reader.uint8() & 1) === 1;
      const column = { name: reader.cstring(), typeOid: reader.uint32(), inIdentity };
      reader.skip(4); // type modifier
      return column;
    });
    reader.finish();
    const table: Table = { oid, schema, name, identity, columns };
    this.#relations.set(oid, { table, wanted: undefined });
    return { kind: 'relation', table };
  }

  #truncate(): Message {
    const reader = this.#reader;
    const count = reader.uint32();
    reader.skip(1); // CASCADE, RESTART IDENTITY: the tables are all listed anyway
    const tables: Table[] = [];
    for (let i = 0; i < count; i++) {
      const relation = this.#known(reader.uint32());
      if (relation.wanted !== undefined) tables.push(relation.table);
    }
    reader.finish();
    return { kind: 'truncate', tables };
  }

  #origin(): Message {
    const reader = this.#reader;
    reader.skip(8); // LSN of the commit at the origin
    const name = reader.cstring();
    reader.finish();
    return { kind: 'origin', name };
  }

  #message(): Message {
    const reader = this.#reader;
    const isTransactional = reader.uint8() === 1;
    const lsn = toLsn(reader.uint64());
    const prefix = reader.cstring();
    const content = reader.bytes(reader.int32());
    reader.finish();
    // The others arrive at once, in the middle of whatever is sent, and also of transactions that roll back.
    return isTransactional ? { kind: 'message', lsn, prefix, content } : IGNORED;
  }

  #change(tag: number): Message {
    const { table, wanted } = this.#known(this.#reader.uint32());
    if (wanted === undefined) return UNREAD;
    const change = this.#rows(tag, table, wanted);
    this.#reader.finish();
    return { kind: 'change', change };
  }

  #rows(tag: number, table: Table, wanted: readonly boolean[]): Change {
    const reader = this.#reader;
    let tuple = reader.uint8();
    if (tag === INSERT) {
      if (tuple !== NEW_TUPLE) throw new PgoutputError('an insert without a new row');
      return { kind: 'insert', table, new: this.#row(table, wanted, false) };
    }
    let old: Row | undefined;
    if (tuple === KEY_TUPLE || tuple === OLD_TUPLE) {
      old = this.#row(table, wanted, tuple === KEY_TUPLE);
      if (tag === DELETE) return { kind: 'delete', table, old };
      tuple = reader.uint8();
    }
    if (tag === DELETE || tuple !== NEW_TUPLE) throw new PgoutputError('a change without its row');
    return { kind: 'update', table, new: this.#row(table, wanted, false), old };
  }

  /**
   * @param keyOnly the tuple has values only for the replica identity; Postgres sends the others as NULL, which
   * they need not be
   */
  #row(table: Table, wanted: readonly boolean[], keyOnly: boolean): Row {
    const reader = this.#reader;
    const count = reader.uint16();
    if (count !== wanted.length) {
      throw new PgoutputError(`a row of ${count} columns in a table of ${wanted.length}`);
    }
    const row: ColumnValue[] = [];
    for (let i = 0; i < count; i++) {
      let value: ColumnValue;
      switch (reader.uint8()) {
        case TEXT_VALUE: {
          const length = reader.int32();
          if (wanted[i] === true) value = reader.text(length);
          else reader.skip(length);
          break;
        }
        case NULL_VALUE:
          value = keyOnly && table.columns[i]?.inIdentity !== true ? undefined : null;
          break;
        case UNCHANGED_VALUE:
          break;
        default:
          throw new PgoutputError(`unknown kind of value in column ${i + 1} of ${count}`);
      }
      row.push(value);
    }
    return row;
  }

  #known(oid: number): Relation {
    const relation = this.#relations.get(oid);
    if (relation === undefined) throw new PgoutputError(`rows of relation ${oid} before its description`);
    return relation;
  }

  /** Microseconds since 2000 to milliseconds since 1970. */
  #timestampMs(): number {
    return Number(this.#reader.uint64() / 1000n) + POSTGRES_EPOCH_MS;
  }
}
