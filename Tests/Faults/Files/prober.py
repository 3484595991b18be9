#!/usr/bin/python3
"""Writes to stores every few milliseconds, and remembers when each write was asked for and acknowledged.

    prober.py beat SOCKET STORE...    counts up in every store by itself, and answers questions on the Unix socket
    prober.py chain STORE...          counts up in all stores in turn: the next one only when the one before has answered
    prober.py read STORE...           prints what the stores hold

A STORE is NAME=KIND:WHERE. Kinds: postgresql, mariadb and redis at HOST:PORT, where the demo's servers let the checkout
in; `file`, a directory in which every write is on the disk before it counts; `volume`, the same without waiting for the
disk, which shows whether the filesystem lets anybody write at all.

A question is one JSON line, times in nanoseconds of the monotonic clock:
    {"from": T, "to": T}          per store: acknowledged writes, and every gap between two of them above 50 ms
    {"states": {"orders": 7}}     per store: when 7 was asked for, and when 8 was acknowledged (null: not yet)
"""

import json
import os
import socketserver
import sys
import threading
import time

PATIENCE = 60
RETRY_PAUSE = 0.02
BEAT_PAUSE = 0.004
SHOWN_GAP = 50_000_000


class PostgreSQL:
    def __init__(self, where):
        import psycopg2
        host, port = where.rsplit(":", 1)
        self.connection = psycopg2.connect(
            host=host, port=port, dbname="shop", user="checkout", password=os.environ["SHOP_PASSWORD"],
            connect_timeout=2, tcp_user_timeout=PATIENCE * 1000)
        self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS probe (name text PRIMARY KEY, count bigint NOT NULL)")
            cursor.execute("INSERT INTO probe VALUES ('beat', 0), ('chain', 0) ON CONFLICT DO NOTHING")

    def write(self, name, count):
        with self.connection.cursor() as cursor:
            cursor.execute("UPDATE probe SET count = greatest(count, %s) WHERE name = %s", (count, name))

    def read(self):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, count FROM probe")
            return dict(cursor.fetchall())


class MariaDB:
    def __init__(self, where):
        import pymysql
        host, port = where.rsplit(":", 1)
        self.connection = pymysql.connect(
            host=host, port=int(port), database="shop", user="checkout", password=os.environ["SHOP_PASSWORD"],
            connect_timeout=2, read_timeout=PATIENCE, write_timeout=PATIENCE, autocommit=True)
        with self.connection.cursor() as cursor:
            # Asking first: making a table waits for a backup's locks even when it exists.
            cursor.execute("SHOW TABLES LIKE 'probe'")
            if not cursor.fetchall():
                cursor.execute("CREATE TABLE probe (name varchar(8) PRIMARY KEY, count bigint NOT NULL) ENGINE=InnoDB")
                cursor.execute("INSERT INTO probe VALUES ('beat', 0), ('chain', 0)")

    def write(self, name, count):
        with self.connection.cursor() as cursor:
            cursor.execute("UPDATE probe SET count = greatest(count, %s) WHERE name = %s", (count, name))

    def read(self):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, count FROM probe")
            return dict(cursor.fetchall())


class Redis:
    def __init__(self, where):
        import redis
        host, port = where.rsplit(":", 1)
        self.client = redis.Redis(
            host=host, port=int(port), decode_responses=True, socket_timeout=PATIENCE, socket_connect_timeout=2,
            retry_on_timeout=False)
        self.client.ping()

    def write(self, name, count):
        self.client.set("probe:" + name, count)

    def read(self):
        return {name: int(self.client.get("probe:" + name) or 0) for name in ("beat", "chain")}


class File:
    flags = os.O_RDWR | os.O_CREAT | os.O_DSYNC
    prefix = "file-"

    def __init__(self, where):
        self.where = where
        self.files = {}

    def open(self, name):
        return os.open(os.path.join(self.where, self.prefix + name), self.flags, 0o644)

    def write(self, name, count):
        if name not in self.files:
            self.files[name] = self.open(name)
        os.pwrite(self.files[name], b"%020d\n" % count, 0)

    def read(self):
        return {name: int(os.pread(self.open(name), 20, 0) or 0) for name in ("beat", "chain")}


class Volume(File):
    flags = os.O_RDWR | os.O_CREAT
    prefix = "volume-"


KINDS = {"postgresql": PostgreSQL, "mariadb": MariaDB, "redis": Redis, "file": File, "volume": Volume}


class Store:
    """One store, and every write to it."""

    def __init__(self, text):
        self.name, place = text.split("=", 1)
        self.kind, self.where = place.split(":", 1)
        self.client = None
        self.lock = threading.Lock()
        # Entry n: when n was asked for, when it was acknowledged. Zero is what the store starts with.
        self.asked = []
        self.acknowledged = []
        self.failed = 0

    def connected(self):
        if self.client is None:
            self.client = KINDS[self.kind](self.where)
        return self.client

    def insist(self, name, count):
        """Repeats a write until it is acknowledged; the same write twice changes nothing."""
        while True:
            try:
                self.connected().write(name, count)
                return
            except Exception as error:  # every client library has its own; all mean: not acknowledged
                self.client = None
                self.failed += 1
                print(f"{self.name}: {type(error).__name__}: {error}".strip(), flush=True)
                time.sleep(RETRY_PAUSE)

    def beat(self):
        while True:
            with self.lock:
                count = len(self.asked)
                self.asked.append(time.monotonic_ns())
            self.insist("beat", count)
            with self.lock:
                self.acknowledged.append(time.monotonic_ns())
            time.sleep(BEAT_PAUSE)

    def report(self, begin, end):
        end = min(end, time.monotonic_ns())
        with self.lock:
            times = list(self.acknowledged)
        before = [moment for moment in times if moment <= begin][-1:]
        inside = [moment for moment in times if begin < moment <= end]
        after = [moment for moment in times if moment > end][:1]
        # A gap that began before or ends after the time asked for is told as a whole.
        marks = before + inside + (after or [time.monotonic_ns()])
        gaps = [[one, next] for one, next in zip(marks, marks[1:]) if next - one > SHOWN_GAP]
        return {"acknowledged": len(inside), "failed": self.failed, "gaps": gaps}

    def state(self, count):
        with self.lock:
            return {
                "asked": self.asked[count] if count < len(self.asked) else None,
                "next": self.acknowledged[count + 1] if count + 1 < len(self.acknowledged) else None,
            }


def answer(question, stores):
    if "states" in question:
        return {name: stores[name].state(count) for name, count in question["states"].items() if name in stores}
    return {name: store.report(question["from"], question["to"]) for name, store in stores.items()}


def serve(path, stores):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            question = json.loads(self.rfile.readline(65536))
            self.wfile.write(json.dumps(answer(question, stores)).encode() + b"\n")

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

    if os.path.exists(path):
        os.unlink(path)
    with Server(path, Handler) as server:
        os.chmod(path, 0o666)
        server.serve_forever()


def main(verb, words):
    if verb == "beat":
        stores = [Store(text) for text in words[1:]]
        for store in stores:
            threading.Thread(target=store.beat, daemon=True).start()
        serve(words[0], {store.name: store for store in stores})
    stores = [Store(text) for text in words]
    if verb == "read":
        print(json.dumps({store.name: store.connected().read() for store in stores}))
    elif verb == "chain":
        count = 0
        while True:
            count += 1
            for store in stores:
                store.insist("chain", count)
            time.sleep(BEAT_PAUSE)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("beat", "chain", "read"):
        sys.exit("usage: prober.py beat SOCKET STORE... | chain STORE... | read STORE...")
    main(sys.argv[1], sys.argv[2:])
