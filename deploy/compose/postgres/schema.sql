CREATE TABLE products (
  id          int PRIMARY KEY,
  name        text NOT NULL,
  price       numeric(10, 2) NOT NULL,
  category_id int NOT NULL
);
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text NOT NULL);

-- Of an old row the stream shows only its replica identity, by default the primary key. These columns are part of keys,
-- so they join it; without these lines `freshet check` prints them.
CREATE UNIQUE INDEX products_identity ON products (id, category_id);
ALTER TABLE products REPLICA IDENTITY USING INDEX products_identity;
CREATE UNIQUE INDEX users_identity ON users (id, email);
ALTER TABLE users REPLICA IDENTITY USING INDEX users_identity;

INSERT INTO products VALUES (1, 'Tea', 4.50, 1), (2, 'Pot', 24.00, 1), (3, 'Cup', 6.00, 2);
INSERT INTO users VALUES (1, 'Ada', 'Ada@Example.com');
