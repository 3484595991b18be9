#!/bin/sh
# PostgreSQL on the volume at /data, with its own load beside it. Its first start makes the database.
set -eu
export PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/data/pgdata

if [ ! -e /data/ready ]; then
  rm -rf "$PGDATA"
  initdb --auth-local=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync --wal-segsize=4
  touch /data/ready
fi
# Anew after a disturbance, which the benchmark then finds in the log.
while :; do python3 /srv/load.py postgresql || sleep 1; done &
exec postgres -c listen_addresses= -c shared_buffers=16MB -c max_wal_size=64MB -c min_wal_size=8MB
