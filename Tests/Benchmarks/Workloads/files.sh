#!/bin/sh
# An application without a database: it appends to files and syncs each change.
set -eu
exec python3 /srv/load.py files
