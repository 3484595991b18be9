#!/bin/sh
# cart: Redis on the volume at /data. Nothing is acknowledged before it is on the disk
# (appendfsync always): what was acknowledged before a hold is then in its snapshot without further
# work, as for the two databases.
set -eu
exec redis-server --bind 0.0.0.0 --protected-mode no --dir /data \
  --appendonly yes --appendfsync always --save ''
