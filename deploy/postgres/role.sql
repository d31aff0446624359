-- The role that Freshet connects as. Run this once, in the database whose changes it reads, as somebody who may create
-- roles with REPLICATION: a superuser, or on Postgres 16 and later a role with CREATEROLE and REPLICATION.
-- The password is given afterwards and interactively, so that it is in no file and no log: \password freshet
--
-- What it may do: read the replication stream, create and drop replication slots, read the catalog.
-- What it needs not, and should not have: SELECT on any table, USAGE on any schema, ownership of anything. Only the
-- queries of rules (`refresh`, `each`) need more: `freshet check` prints the grants for them. The publication belongs to the owner of the tables, as Postgres demands; `freshet setup --print-sql` prints it.
CREATE ROLE freshet LOGIN REPLICATION;

-- Every role may connect, unless somebody has revoked that from PUBLIC.
DO $$
BEGIN
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO freshet', current_database());
END
$$;

-- On Amazon RDS, instead of REPLICATION, which only the service itself may give:
--   GRANT rds_replication TO freshet;
--
-- REPLICATION also allows to copy the whole cluster (pg_basebackup). pg_hba.conf takes that away again: there the word
-- `replication` means such physical connections alone, while Freshet's stream counts as one to its database.
--   host  replication  freshet  all           reject
--   host  shop         freshet  10.0.0.0/8    scram-sha-256
