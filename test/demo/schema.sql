CREATE TABLE categories (id int PRIMARY KEY, name text NOT NULL);

CREATE TABLE products (
  id          int PRIMARY KEY,
  name        text NOT NULL,
  price       numeric(10, 2) NOT NULL,
  category_id int NOT NULL REFERENCES categories
);

CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL);

CREATE TABLE orders (
  id      int PRIMARY KEY,
  user_id int NOT NULL REFERENCES users,
  total   numeric(10, 2) NOT NULL
);

-- The stream shows of an old row only its replica identity, by default the primary key. These columns are read by keys,
-- so they join it; `freshet check` prints such lines where they are missing.
CREATE UNIQUE INDEX products_identity ON products (id, category_id);
ALTER TABLE products REPLICA IDENTITY USING INDEX products_identity;
CREATE UNIQUE INDEX users_identity ON users (id, email);
ALTER TABLE users REPLICA IDENTITY USING INDEX users_identity;
CREATE UNIQUE INDEX orders_identity ON orders (id, user_id);
ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_identity;

INSERT INTO categories VALUES (1, 'Tea'), (2, 'Coffee'), (3, 'Cups'), (4, 'Pots'), (5, 'Books');

INSERT INTO products
SELECT n, 'Product ' || n, 5 + n % 40, 1 + n % 5 FROM generate_series(1, 2000) AS n;

INSERT INTO users
SELECT n, 'User ' || n, 'User.' || n || '@Example.com' FROM generate_series(1, 100) AS n;

INSERT INTO orders
SELECT n, 1 + n % 100, 10 + n % 90 FROM generate_series(1, 300) AS n;
