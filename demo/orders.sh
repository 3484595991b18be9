#!/bin/sh
# orders: PostgreSQL on the volume at /var/lib/postgresql/data. Its first start makes the database.
set -eu
export PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/var/lib/postgresql/data/pgdata

if [ ! -e "$PGDATA/../ready" ]; then
  rm -rf "$PGDATA"
  initdb --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums
  echo "host shop checkout samenet scram-sha-256" >>"$PGDATA/pg_hba.conf"
  postgres --single postgres <<SQL
CREATE ROLE checkout LOGIN PASSWORD '$SHOP_PASSWORD'
CREATE DATABASE shop OWNER checkout
SQL
  postgres --single shop <<SQL
CREATE TABLE orders (id text PRIMARY KEY, placed timestamptz NOT NULL DEFAULT clock_timestamp())
ALTER TABLE orders OWNER TO checkout
CREATE TABLE pulse (beats bigint NOT NULL)
ALTER TABLE pulse OWNER TO checkout
INSERT INTO pulse VALUES (0)
CREATE EXTENSION amcheck
SQL
  touch "$PGDATA/../ready"
fi
exec postgres -c listen_addresses='*' -c shared_buffers=32MB
