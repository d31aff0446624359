import { compileCondition } from '../../src/condition/compile-condition.ts';
import type { Change, Row } from '../../src/domain/change.ts';
import type { Table } from '../../src/domain/table.ts';

/** `node test/bench/condition.ts`: nanoseconds that one evaluation of a condition takes, the median of some rounds. */
const EVALUATIONS = 1_000_000;
const ROUNDS = 5;

const CONDITIONS = [
  "changed('price')",
  "changed('price') || row.status != old.status",
  "row.status == 'paid'",
  "op == 'update' && row.status in ['paid', 'sent']",
  'row.stock > 10 && row.active',
  'row.price > 9.99',
  "row.at > timestamp('2026-01-01T00:00:00Z')",
  '!changed("price") && row.id == 9007199254740993',
  // From here on the library has a part in it.
  "row.status.startsWith('pa')",
  'row.stock - old.stock > 5',
  "row.data.tier == 'gold'",
];

const OIDS = { id: 20, price: 1700, status: 25, stock: 23, active: 16, at: 1184, data: 3802 } as const;
const table: Table = {
  oid: 1,
  schema: 'public',
  name: 'products',
  identity: 'full',
  columns: Object.entries(OIDS).map(([name, typeOid]) => ({ name, typeOid, inIdentity: true })),
};

const changes = Array.from({ length: 100 }, (_, index): Change => {
  const row = (stock: number): Row => [
    String(index),
    '9.50',
    index % 2 === 0 ? 'paid' : 'draft',
    String(stock),
    't',
    '2026-01-31 10:00:00.000001+00',
    '{"tier": "gold", "list": [1, 2, 3]}',
  ];
  return { kind: 'update', table, new: row(index), old: row(index + 1) };
});

for (const source of CONDITIONS) {
  const holds = compileCondition(source).bind(table);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    let held = 0;
    for (let done = 0; done < EVALUATIONS; done += changes.length)
      for (const change of changes) held += Number(holds(change).holds);
    if (held < 0) throw new Error('unreachable; keeps the loop from being optimised away');
    return ((performance.now() - start) * 1e6) / EVALUATIONS;
  });
  const median = rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
  console.log(`${median.toFixed(0).padStart(6)} ns  ${source}`);
}
