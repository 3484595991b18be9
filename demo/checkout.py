#!/usr/bin/python3
"""The shop's checkout, and the auditor of its stores.

    checkout.py run      places orders until it is stopped, whatever happens to the stores
    checkout.py check    counts what the stores hold, and every reference that leads nowhere

An order is a row in `orders` (PostgreSQL); then a payment that names the order, a row in `payments`
(MariaDB); then an event that names the payment, a field in `cart` (Redis). Each step begins only when
the one before is acknowledged. So whatever a later store holds has its cause in an earlier one, at
every instant; a set of copies for which that is not so was never the state of the shop. Beside the orders, a pulse in each store shows how long that store stands still.

Where the stores are comes from the environment: ORDERS, PAYMENTS and CART, each HOST:PORT, and
SHOP_PASSWORD. `run` answers questions about what it felt on the Unix socket that REPORT names: one
JSON line each way, times in nanoseconds of the monotonic clock.
"""

import collections
import json
import os
import signal
import socketserver
import sys
import threading
import time

import psycopg2
import pymysql
import redis

STORES = ("orders", "payments", "cart")
WORKERS = 6
# Acknowledged operations remembered for each store; the oldest are forgotten first.
REMEMBERED = 400_000
# How long one answer of a store may take before the connection counts as lost. Above the longest hold.
PATIENCE = 90
RETRY_PAUSE = 0.05
BEAT_PAUSE = 0.002


def address(store):
    host, port = os.environ[store.upper()].rsplit(":", 1)
    return host, int(port)


class Orders:
    """Orders in PostgreSQL."""

    def __init__(self, timeout):
        host, port = address("orders")
        self.connection = psycopg2.connect(
            host=host, port=port, dbname="shop", user="checkout",
            password=os.environ["SHOP_PASSWORD"], connect_timeout=timeout,
            # A store that vanished without a word is noticed too.
            tcp_user_timeout=PATIENCE * 1000)
        self.connection.autocommit = True

    def place(self, key, _):
        with self.connection.cursor() as cursor:
            cursor.execute("INSERT INTO orders (id) VALUES (%s) ON CONFLICT DO NOTHING", (key,))

    def beat(self):
        with self.connection.cursor() as cursor:
            cursor.execute("UPDATE pulse SET beats = beats + 1")

    def all(self):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT id FROM orders")
            return {row[0]: None for row in cursor}


class Payments:
    """Payments in MariaDB."""

    def __init__(self, timeout):
        host, port = address("payments")
        self.connection = pymysql.connect(
            host=host, port=port, database="shop", user="checkout",
            password=os.environ["SHOP_PASSWORD"], connect_timeout=timeout,
            read_timeout=PATIENCE, write_timeout=PATIENCE, autocommit=True)

    def place(self, key, cause):
        with self.connection.cursor() as cursor:
            cursor.execute("INSERT IGNORE INTO payments (id, order_id) VALUES (%s, %s)", (key, cause))

    def beat(self):
        with self.connection.cursor() as cursor:
            cursor.execute("UPDATE pulse SET beats = beats + 1")

    def all(self):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT id, order_id FROM payments")
            return dict(cursor.fetchall())


class Cart:
    """Events in Redis."""

    def __init__(self, timeout):
        host, port = address("cart")
        self.client = redis.Redis(
            host=host, port=port, decode_responses=True, socket_timeout=PATIENCE,
            socket_connect_timeout=timeout, retry_on_timeout=False)
        self.client.ping()

    def place(self, key, cause):
        self.client.hset("events", key, cause)

    def beat(self):
        self.client.incr("pulse")

    def all(self):
        return self.client.hgetall("events")


KINDS = {"orders": Orders, "payments": Payments, "cart": Cart}


class Journal:
    """What the checkout felt: every acknowledged operation with its duration."""

    def __init__(self):
        self.lock = threading.Lock()
        # Per store: (asked, acknowledged) of one operation; retries are part of it.
        self.operations = {store: collections.deque(maxlen=REMEMBERED) for store in STORES}
        self.chains = collections.deque(maxlen=REMEMBERED)
        self.failures = {store: collections.deque(maxlen=REMEMBERED) for store in STORES}
        self.waiting = {store: {} for store in STORES}

    def asked(self, store, worker, now):
        with self.lock:
            self.waiting[store][worker] = now

    def acknowledged(self, store, worker, asked, now):
        with self.lock:
            del self.waiting[store][worker]
            self.operations[store].append((asked, now))

    def failed(self, store, now):
        with self.lock:
            self.failures[store].append(now)

    def completed(self, now):
        with self.lock:
            self.chains.append(now)

    def report(self, begin, end):
        """What was felt between two times."""
        now = time.monotonic_ns()
        with self.lock:
            operations = {store: list(self.operations[store]) for store in STORES}
            failures = {store: list(self.failures[store]) for store in STORES}
            waiting = {store: list(self.waiting[store].values()) for store in STORES}
            chains = list(self.chains)
        stores = {}
        for store in STORES:
            felt = [done - asked for asked, done in operations[store] if done >= begin and asked <= end]
            stores[store] = {
                "acknowledged": len(felt),
                "longest": max(felt, default=0),
                "failed": sum(begin <= moment <= end for moment in failures[store]),
                "waiting": max((now - asked for asked in waiting[store]), default=0),
            }
        inside = [moment for moment in chains if begin <= moment <= end]
        marks = [begin] + inside + [min(end, now)]
        gaps = [later - earlier for earlier, later in zip(marks, marks[1:])]
        return {"stores": stores, "completed": len(inside), "longest_gap": max(gaps, default=0)}


def insist(store, worker, connections, journal, operation):
    """Repeats an operation until the store has acknowledged it, and writes down how long that took."""
    asked = time.monotonic_ns()
    journal.asked(store, worker, asked)
    while True:
        try:
            if connections.get(store) is None:
                connections[store] = KINDS[store](timeout=2)
            operation(connections[store])
            break
        except Exception as error:  # every client library has its own; all mean: not acknowledged
            connections[store] = None
            journal.failed(store, time.monotonic_ns())
            print(f"worker {worker}: {store}: {type(error).__name__}: {error}", flush=True)
            time.sleep(RETRY_PAUSE)
    journal.acknowledged(store, worker, asked, time.monotonic_ns())


def place(store, worker, connections, journal, key, cause):
    """One step of an order; the same step twice changes nothing."""
    insist(store, worker, connections, journal, lambda client: client.place(key, cause))


def beat(store, journal):
    """Writes to one store again and again, so that its hold is felt even while every worker waits for another."""
    connections = {}
    while True:
        insist(store, "pulse", connections, journal, lambda client: client.beat())
        time.sleep(BEAT_PAUSE)


def work(worker, run, journal):
    connections = {}
    number = 0
    while True:
        number += 1
        order = f"{run}-{worker}-{number}"
        payment, event = "p" + order, "e" + order
        place("orders", worker, connections, journal, order, None)
        place("payments", worker, connections, journal, payment, order)
        place("cart", worker, connections, journal, event, payment)
        journal.completed(time.monotonic_ns())


def answer_questions(path, journal):
    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            question = json.loads(self.rfile.readline(4096))
            answer = journal.report(int(question["from"]), int(question["to"]))
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

    if os.path.exists(path):
        os.unlink(path)
    with Server(path, Handler) as server:
        server.serve_forever()


def run():
    # The first process of a container has to say that it wants to be stopped.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    # Unique over restarts: what an earlier checkout placed is never placed again.
    name = format(time.time_ns(), "x")
    journal = Journal()
    for worker in range(WORKERS):
        threading.Thread(target=work, args=(worker, name, journal), daemon=True).start()
    for store in STORES:
        threading.Thread(target=beat, args=(store, journal), daemon=True).start()
    answer_questions(os.environ["REPORT"], journal)


def check():
    held = {store: KINDS[store](timeout=10).all() for store in STORES}
    print(json.dumps({
        "orders": len(held["orders"]),
        "payments": len(held["payments"]),
        "events": len(held["cart"]),
        "payments_without_order": sum(o not in held["orders"] for o in held["payments"].values()),
        "events_without_payment": sum(p not in held["payments"] for p in held["cart"].values()),
    }))


if __name__ == "__main__":
    verbs = {"run": run, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        sys.exit("usage: checkout.py run|check")
    verbs[sys.argv[1]]()
