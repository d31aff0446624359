import { describe, expect, test } from 'vitest';
import type { Effect, Skip } from '../../../src/domain/effect.ts';
import { toLsn } from '../../../src/domain/lsn.ts';
import type { Rule } from '../../../src/domain/rule.ts';
import type { Table, TableName } from '../../../src/domain/table.ts';
import { PgoutputError } from '../../../src/pipeline/decode/pgoutput-error.ts';
import { BatchQueue } from '../../../src/pipeline/queue/batch-queue.ts';
import { StreamReader } from '../../../src/session/stream-reader.ts';
import type { TableRoot } from '../../../src/session/table-root.ts';
import * as pgoutput from '../../fixtures/pgoutput/encode.ts';
import { ruleOn } from '../pipeline/rule-on.ts';

const product = pgoutput.tableOf('products', ['id', 'name'], 16_001);
const order = pgoutput.tableOf('orders', ['id'], 16_002);
const RULES = [
  ruleOn('public.products', ['product:${id}', 'name:${name}']),
  ruleOn('public.orders', ['order:${id}'], { name: 'order' }),
];

/** Of the source's history. */
const EPOCH = 1_700_000_000;

/** A catalog that answers when the test says so. */
class Catalog {
  readonly asked: Table[] = [];
  readonly #answers: ((root: TableRoot) => void)[] = [];

  readonly rootOf = (table: Table): Promise<TableRoot> => {
    this.asked.push(table);
    return new Promise((resolve) => this.#answers.push(resolve));
  };

  /** Answers the oldest question. */
  answer(root: Partial<TableRoot> = {}): void {
    const table = this.asked[this.asked.length - this.#answers.length];
    if (table === undefined) throw new Error('nothing was asked');
    this.#answers.shift()?.({ name: table, isCertain: true, ...root });
  }
}

interface Given {
  readonly rules?: readonly Rule[];
  readonly maxBytes?: number;
  readonly onMessage?: () => readonly Rule[];
}

function start({ rules = RULES, maxBytes = 1_000_000, onMessage = () => [] }: Given = {}) {
  const queue = new BatchQueue({ maxKeys: 1_000, maxBytes });
  const catalog = new Catalog();
  const events: string[] = [];
  const visibility = Promise.withResolvers<void>();
  const reader = new StreamReader({
    rules,
    queue,
    rootOf: catalog.rootOf,
    untilVisible: async (xid) => {
      events.push(`wait for ${xid}`);
      await visibility.promise;
    },
    epoch: EPOCH,
    onMessage,
    onPosition: () => {},
    observer: {
      change: ({ kind }) => events.push(kind),
      planned: (planned: Effect | Skip) => events.push(planned.kind),
      shadowed: (planned) => events.push(`would ${planned.kind}`),
      doubted: (rule, { message }) => events.push(`${rule.name}: ${message}`),
      columnsMissing: (table, columns) => events.push(`${table.name} lacks ${columns.join()}`),
    },
  });
  /** Hands over as the driver does: its memory is used again right after. */
  const read = (payload: Buffer): { readonly waiting: Promise<void> | undefined } => {
    const waiting = reader.payload(payload);
    payload.fill(0x58);
    return { waiting };
  };
  const nextKeys = async () => [...((await queue.next())?.keys.keys() ?? [])];
  return { reader, queue, catalog, events, read, nextKeys, becomeVisible: visibility.resolve };
}

test('rows become keys, and a commit their position', async () => {
  const { read, catalog, queue } = start();
  read(pgoutput.begin({ xid: 701, commitLsn: 90n }));
  const { waiting } = read(pgoutput.relation(product));
  catalog.answer();
  await waiting;
  expect(read(pgoutput.insert(product, ['7', 'Tea'])).waiting).toBeUndefined();
  read(pgoutput.commit(toLsn(100n)));
  const batch = await queue.next();
  expect([...(batch?.keys.keys() ?? [])]).toEqual(['product:7', 'name:Tea']);
  expect(batch).toMatchObject({ position: 100n, commits: new Map([[701, 90n]]) });
});

test('what arrives while the catalog is asked is held, and comes after it in its order', async () => {
  const { reader, read, catalog, queue, nextKeys } = start();
  read(pgoutput.begin());
  const { waiting } = read(pgoutput.relation(product));
  read(pgoutput.insert(product, ['1', null]));
  read(pgoutput.commit(toLsn(100n)));
  reader.keepalive(toLsn(150n));
  read(pgoutput.begin());
  // Another table among them: the catalog is asked again, and the rest is held again.
  read(pgoutput.relation(order));
  read(pgoutput.insert(order, ['2']));
  read(pgoutput.insert(product, ['3', null]));
  read(pgoutput.commit(toLsn(200n)));
  expect(catalog.asked).toHaveLength(1);

  catalog.answer();
  expect(await queue.next()).toMatchObject({
    position: 150n,
    keys: new Map([['product:1', expect.anything()]]),
  });
  expect(catalog.asked.map(({ name }) => name)).toEqual(['products', 'orders']);
  // The socket must stay paused until the second answer too.
  let isOver = false;
  const over = waiting?.then(() => (isOver = true));
  read(pgoutput.begin());
  read(pgoutput.insert(order, ['4']));
  read(pgoutput.commit(toLsn(300n)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);

  catalog.answer();
  await over;
  expect(await nextKeys()).toEqual(['order:2', 'product:3', 'order:4']);
});

test('a keepalive that is held cannot overtake the changes before it', async () => {
  const { reader, read, catalog, queue } = start();
  read(pgoutput.begin());
  read(pgoutput.relation(product));
  read(pgoutput.insert(product, ['1', 'Tea']));
  read(pgoutput.commit(toLsn(100n)));
  reader.keepalive(toLsn(900n));
  const next = queue.next();
  const early = await Promise.race([
    next,
    new Promise((resolve) => setImmediate(() => resolve('nothing yet'))),
  ]);
  expect(early).toBe('nothing yet');
  catalog.answer();
  expect(await next).toMatchObject({ position: 900n, keys: { size: 2 } });
});

test('a table that is described again is looked up again: its columns may have moved', async () => {
  const { read, catalog, nextKeys } = start();
  read(pgoutput.begin());
  read(pgoutput.relation(product));
  catalog.answer();
  read(pgoutput.insert(product, ['1', null]));
  const altered = pgoutput.tableOf('products', ['name', 'added', 'id'], product.oid);
  read(pgoutput.relation(altered));
  read(pgoutput.insert(altered, [null, 'x', '2']));
  read(pgoutput.commit(toLsn(100n)));
  await new Promise((resolve) => setImmediate(resolve));
  catalog.answer();
  expect(await nextKeys()).toEqual(['product:1', 'product:2']);
});

test('a partition is known by the table at its top', async () => {
  const leaf = pgoutput.tableOf('products_2025', ['id', 'name'], 16_003);
  const { read, catalog, nextKeys } = start();
  read(pgoutput.begin());
  const { waiting } = read(pgoutput.relation(leaf));
  catalog.answer({ name: { schema: 'public', name: 'products' } });
  await waiting;
  read(pgoutput.insert(leaf, ['1', null]));
  read(pgoutput.commit(toLsn(100n)));
  expect(await nextKeys()).toEqual(['product:1']);
});

test('a table that may become a partition with this very transaction is looked up once more when that is visible', async () => {
  const leaf = pgoutput.tableOf('products_2026', ['id', 'name'], 16_004);
  const { read, catalog, nextKeys, events, becomeVisible } = start();
  read(pgoutput.begin({ xid: 702 }));
  const { waiting } = read(pgoutput.relation(leaf));
  read(pgoutput.insert(leaf, ['1', null]));
  read(pgoutput.commit(toLsn(100n)));
  catalog.answer({ isCertain: false });
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual(['wait for 702']);
  becomeVisible();
  await new Promise((resolve) => setImmediate(resolve));
  catalog.answer({ name: { schema: 'public', name: 'products' } });
  await waiting;
  expect(await nextKeys()).toEqual(['product:1']);
});

function named(name: string): TableName {
  return { schema: 'public', name };
}

describe('bound anew', () => {
  const leaf = pgoutput.tableOf('bigger_1', ['id', 'name'], 16_006);
  /** A partition of a table that no rule knows. */
  async function described() {
    const started = start();
    started.read(pgoutput.begin());
    const { waiting } = started.read(pgoutput.relation(leaf));
    started.catalog.answer({ name: named('bigger') });
    await waiting;
    return started;
  }

  test('a partition follows the table above it to another name', async () => {
    const { reader, read, nextKeys } = await described();
    read(pgoutput.insert(leaf, ['1', null]));
    expect(await reader.rebind(async () => new Map([[leaf.oid, named('bigger')]]))).toEqual([]);
    expect(await reader.rebind(async () => new Map([[leaf.oid, named('products')]]))).toEqual([
      named('bigger'),
      named('products'),
    ]);
    read(pgoutput.insert(leaf, ['2', null]));
    expect(await reader.rebind(async () => new Map([[leaf.oid, named('former')]]))).toEqual([
      named('products'),
      named('former'),
    ]);
    read(pgoutput.insert(leaf, ['3', null]));
    read(pgoutput.commit(toLsn(100n)));
    expect(await nextKeys()).toEqual(['product:2']);
  });

  test('what is gone keeps its name', async () => {
    const { reader } = await described();
    expect(await reader.rebind(async () => new Map())).toEqual([]);
  });

  test('a table that is described again meanwhile has the columns and the name of that', async () => {
    const { reader, read, catalog, nextKeys } = await described();
    const altered = pgoutput.tableOf('bigger_1', ['name', 'added', 'id'], leaf.oid);
    let waiting: Promise<void> | undefined;
    const names = await reader.rebind(async () => {
      waiting = read(pgoutput.relation(altered)).waiting;
      return new Map([[leaf.oid, named('products')]]);
    });
    expect(names).toEqual([]);
    catalog.answer({ name: named('orders') });
    await waiting;
    read(pgoutput.insert(altered, [null, null, '2']));
    read(pgoutput.commit(toLsn(100n)));
    expect(await nextKeys()).toEqual(['order:2']);
  });
});

test('a table without rules costs nothing and moves the position', async () => {
  const other = pgoutput.tableOf('other', ['id'], 16_005);
  const { read, catalog, queue, events } = start();
  read(pgoutput.begin());
  const { waiting } = read(pgoutput.relation(other));
  catalog.answer();
  await waiting;
  read(pgoutput.insert(other, ['1']));
  read(pgoutput.truncate(other));
  read(pgoutput.commit(toLsn(100n)));
  expect(await queue.next()).toMatchObject({ position: 100n, keys: { size: 0 }, purges: { size: 0 } });
  expect(events).toEqual([]);
});

test('a column that a rule reads and the table lacks is reported', async () => {
  const bare = pgoutput.tableOf('products', ['id'], product.oid);
  const { read, catalog, events } = start();
  read(pgoutput.begin());
  const { waiting } = read(pgoutput.relation(bare));
  catalog.answer();
  await waiting;
  read(pgoutput.insert(bare, ['1']));
  expect(events).toEqual(['products lacks name', 'insert', 'delete', 'purge']);
});

test('a key with a NULL in it is counted and goes no further', async () => {
  const { read, catalog, events, nextKeys } = start();
  read(pgoutput.begin());
  const { waiting } = read(pgoutput.relation(product));
  catalog.answer();
  await waiting;
  read(pgoutput.insert(product, ['1', null]));
  read(pgoutput.commit(toLsn(100n)));
  expect(events).toEqual(['insert', 'delete', 'skip']);
  expect(await nextKeys()).toEqual(['product:1']);
});

test('a full queue makes the socket wait until there is room', async () => {
  const { read, catalog, queue } = start({ maxBytes: 2_000 });
  read(pgoutput.begin());
  const { waiting } = read(pgoutput.relation(product));
  catalog.answer();
  await waiting;
  let room: Promise<void> | undefined;
  for (let id = 0; room === undefined; id++) {
    room = read(pgoutput.insert(product, [String(id), null])).waiting;
  }
  expect(queue.outstandingBytes).toBeGreaterThan(2_000);
  read(pgoutput.commit(toLsn(100n)));
  while (queue.outstandingBytes > 0) {
    const batch = await queue.next();
    if (batch !== undefined) queue.release(batch);
  }
  await room;
});

describe('the version of what is written', () => {
  const cached = ruleOn('public.products', ['product:${id}'], { set: { ttl: '1h' } });

  test('is that of its change: the commit record and the number of the row, rows of other tables counted', async () => {
    const other = pgoutput.tableOf('other', ['id'], 16_005);
    const { read, catalog, queue } = start({ rules: [cached] });
    const described = async (table: Table): Promise<void> => {
      const { waiting } = read(pgoutput.relation(table));
      catalog.answer();
      await waiting;
    };
    read(pgoutput.begin({ xid: 701, commitLsn: 90n }));
    await described(product);
    await described(other);
    read(pgoutput.insert(product, ['1', 'Tea']));
    read(pgoutput.insert(other, ['1']));
    read(pgoutput.truncate(other));
    read(pgoutput.insert(product, ['2', 'Mug']));
    read(pgoutput.commit(toLsn(100n)));
    read(pgoutput.begin({ xid: 702, commitLsn: 190n }));
    read(pgoutput.insert(product, ['3', 'Cup']));
    read(pgoutput.commit(toLsn(200n)));
    const batch = await queue.next();
    expect([...(batch?.keys.values() ?? [])].map(({ key, version }) => [key, version])).toEqual([
      ['product:1', { epoch: EPOCH, commitLsn: 90n, ordinal: 1 }],
      ['product:2', { epoch: EPOCH, commitLsn: 90n, ordinal: 4 }],
      ['product:3', { epoch: EPOCH, commitLsn: 190n, ordinal: 1 }],
    ]);
  });

  test('of a purge that a message orders lies between those of the rows around it', async () => {
    const { read, catalog, queue } = start({ rules: [cached], onMessage: () => [cached] });
    read(pgoutput.begin({ commitLsn: 90n }));
    const { waiting } = read(pgoutput.relation(product));
    catalog.answer();
    await waiting;
    read(pgoutput.insert(product, ['1', 'Tea']));
    read(pgoutput.logicalMessage({ prefix: 'freshet.purge' }));
    read(pgoutput.insert(product, ['2', 'Mug']));
    read(pgoutput.commit(toLsn(100n)));
    const batch = await queue.next();
    const ordinals = [...(batch?.keys.values() ?? []), ...(batch?.purges.values() ?? [])].map(
      ({ kind, version }) => [kind, version?.ordinal],
    );
    expect(ordinals).toEqual([
      ['write', 1],
      ['write', 3],
      ['purge', 2],
    ]);
  });

  test('keeps a value that was written before a mass change from being taken for that after it', async () => {
    const rule = ruleOn('public.products', ['product:${id}'], {
      set: { ttl: '1h' },
      massChange: { over: 2, then: 'purge' },
    });
    const { read, catalog, queue } = start({ rules: [rule] });
    read(pgoutput.begin({ commitLsn: 90n }));
    const { waiting } = read(pgoutput.relation(product));
    catalog.answer();
    await waiting;
    for (const id of ['1', '2', '3', '1']) read(pgoutput.insert(product, [id, 'Tea']));
    read(pgoutput.commit(toLsn(100n)));
    const batch = await queue.next();
    expect([...(batch?.keys.values() ?? [])]).toEqual(
      [1, 2].map((ordinal) =>
        expect.objectContaining({
          write: { op: 'remove' },
          version: { epoch: EPOCH, commitLsn: 90n, ordinal },
        }),
      ),
    );
    expect([...(batch?.purges.values() ?? [])]).toEqual([
      expect.objectContaining({
        pattern: 'product:*',
        version: { epoch: EPOCH, commitLsn: 90n, ordinal: 4 },
      }),
    ]);
  });
});

test('bytes that are no message end the stream, also among those that were held', async () => {
  const { read, catalog } = start();
  expect(() => read(Buffer.from('?'))).toThrow(PgoutputError);
  read(pgoutput.begin());
  const { waiting } = read(pgoutput.relation(product));
  read(Buffer.from('?'));
  catalog.answer();
  await expect(waiting).rejects.toThrow(PgoutputError);
});

test('a catalog that cannot be asked ends the stream', async () => {
  const queue = new BatchQueue({ maxKeys: 1, maxBytes: 1_000 });
  const reader = new StreamReader({
    rules: RULES,
    queue,
    rootOf: async () => {
      throw new Error('away');
    },
    untilVisible: async () => {},
    epoch: EPOCH,
    onMessage: () => [],
    onPosition: () => {},
    observer: { change() {}, planned() {}, shadowed() {}, doubted() {}, columnsMissing() {} },
  });
  await expect(reader.payload(pgoutput.relation(product))).rejects.toThrow('away');
});
