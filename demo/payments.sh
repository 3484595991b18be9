#!/bin/sh
# payments: MariaDB on the volume at /var/lib/mysql. Its first start makes the database.
set -eu
data=/var/lib/mysql/data

if [ ! -e /var/lib/mysql/ready ]; then
  rm -rf "$data"
  # The server's own user may do everything over the socket: so backups and self-checks need no password.
  mariadb-install-db --no-defaults --datadir="$data" --skip-test-db \
    --auth-root-authentication-method=socket --auth-root-socket-user=mysql
  cat >/var/lib/mysql/shop.sql <<SQL
CREATE DATABASE IF NOT EXISTS shop;
CREATE USER IF NOT EXISTS 'checkout'@'%' IDENTIFIED BY '$SHOP_PASSWORD';
GRANT ALL ON shop.* TO 'checkout'@'%';
CREATE TABLE IF NOT EXISTS shop.payments (id varchar(80) PRIMARY KEY, order_id varchar(80) NOT NULL, placed timestamp(6) NOT NULL DEFAULT current_timestamp(6)) ENGINE=InnoDB;
CREATE TABLE IF NOT EXISTS shop.pulse (id int PRIMARY KEY, beats bigint NOT NULL) ENGINE=InnoDB;
INSERT IGNORE INTO shop.pulse VALUES (1, 0);
SQL
  touch /var/lib/mysql/ready
fi
exec mariadbd --no-defaults --datadir="$data" --init-file=/var/lib/mysql/shop.sql \
  --socket=/run/mysqld/mysqld.sock --pid-file=/run/mysqld/mysqld.pid \
  --bind-address=0.0.0.0 --skip-name-resolve --innodb-buffer-pool-size=64M \
  --log-bin="$data/binlog" --sync-binlog=1 --innodb-flush-log-at-trx-commit=1
