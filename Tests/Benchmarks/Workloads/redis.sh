#!/bin/sh
# Redis on the volume at /data, with its own load beside it; nothing is acknowledged before it is on the disk.
set -eu
while :; do python3 /srv/load.py redis || sleep 1; done &
exec redis-server --port 0 --unixsocket /run/redis/redis.sock --dir /data \
  --appendonly yes --appendfsync always --save ''
