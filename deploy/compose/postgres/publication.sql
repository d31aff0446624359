-- What `freshet setup --print-sql` prints for these rules, but for the slot, which Freshet's role may create itself
-- (postgres.createMissing). A publication takes the owner of its tables.
CREATE PUBLICATION freshet FOR TABLE public.products, public.users
  WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = false);

-- The same as in secrets/postgres-url.
ALTER ROLE freshet PASSWORD 'not-a-secret';
