#!/bin/sh
# MariaDB on the volume at /data, with its own load beside it. Its first start makes the database.
set -eu

if [ ! -e /data/ready ]; then
  rm -rf /data/mysql
  mariadb-install-db --no-defaults --datadir=/data/mysql --skip-test-db \
    --auth-root-authentication-method=socket --auth-root-socket-user=mysql \
    --innodb-log-file-size=16M
  touch /data/ready
fi
while :; do python3 /srv/load.py mariadb || sleep 1; done &
exec mariadbd --no-defaults --datadir=/data/mysql --socket=/run/mysqld/mysqld.sock \
  --pid-file=/run/mysqld/mysqld.pid --skip-networking --innodb-buffer-pool-size=16M \
  --innodb-log-file-size=16M --log-bin=/data/mysql/binlog --sync-binlog=1 \
  --innodb-flush-log-at-trx-commit=1
