/** One change from outside the application, and the keys that must go for it. Every other key must stay. */
export interface Step {
  readonly title: string;
  /** What is typed, in order; the last one commits. */
  readonly sql: readonly string[];
  /** Picks from the keys that were cached before the change. */
  readonly goes: (key: string) => boolean;
}

export const STEPS: readonly Step[] = [
  {
    title: 'Somebody corrects a price by hand',
    sql: ['UPDATE products SET price = 19.90 WHERE id = 7'],
    goes: oneOf('shop:product:7', 'shop:category:3:products', 'shop:homepage'),
  },
  {
    title: 'A product moves to another category: both lists are wrong now',
    sql: ['UPDATE products SET category_id = 5 WHERE id = 7'],
    goes: oneOf('shop:product:7', 'shop:category:3:products', 'shop:category:5:products', 'shop:homepage'),
  },
  {
    title: 'A user takes a new address: the old login goes, and the cached miss of the new one',
    sql: [`UPDATE users SET email = 'Grace@Example.com' WHERE id = 1`],
    goes: oneOf('shop:user:1', 'shop:login:user.1@example.com', 'shop:login:grace@example.com'),
  },
  {
    title: 'A migration touches every product',
    sql: [
      'BEGIN',
      'ALTER TABLE products ADD COLUMN tax numeric',
      'UPDATE products SET tax = price * 0.19',
      'COMMIT',
    ],
    goes: matching(/^shop:(product:\d+|category:\d+:products|homepage)$/),
  },
  {
    title: 'Somebody deletes an order',
    sql: ['DELETE FROM orders WHERE id = 42'],
    goes: oneOf('shop:order:42', 'shop:user:43:orders'),
  },
  {
    title: 'Somebody deletes all users, notices, and rolls back: nothing goes',
    sql: ['BEGIN', 'DELETE FROM orders', 'DELETE FROM users', 'ROLLBACK'],
    goes: oneOf(),
  },
  {
    title: 'Somebody empties a table',
    sql: ['TRUNCATE orders'],
    goes: matching(/^shop:(order:\d+|user:\d+:orders)$/),
  },
];

function oneOf(...keys: readonly string[]): (key: string) => boolean {
  return (key) => keys.includes(key);
}

function matching(pattern: RegExp): (key: string) => boolean {
  return (key) => pattern.test(key);
}
