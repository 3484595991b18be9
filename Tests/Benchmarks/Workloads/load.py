"""The load of one member: so many durable writes a second, one after the other.

Usage: load.py KIND, with RATE (writes a second) in the environment. Every WRITES_PER_REPORT writes it says what
it did, so that the container's log tells whether the load was there.
"""
import os
import random
import sys
import time

PAYLOAD = "x" * 1024
PATIENCE = 60
WRITES_PER_REPORT = 500


def postgresql():
    import psycopg2
    connection = psycopg2.connect("host=/var/run/postgresql dbname=postgres user=postgres")
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS load (id int PRIMARY KEY, text text)")
    return lambda number: cursor.execute(
        "INSERT INTO load VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET text = excluded.text",
        (number % 2000, PAYLOAD))


def mariadb():
    import pymysql
    connection = pymysql.connect(
        unix_socket="/run/mysqld/mysqld.sock", user="mysql", autocommit=True)
    cursor = connection.cursor()
    cursor.execute("CREATE DATABASE IF NOT EXISTS load_")
    cursor.execute("CREATE TABLE IF NOT EXISTS load_.load_ (id int PRIMARY KEY, text text)")
    return lambda number: cursor.execute(
        "REPLACE INTO load_.load_ VALUES (%s, %s)", (number % 2000, PAYLOAD))


def redis_store():
    import redis
    client = redis.Redis(unix_socket_path="/run/redis/redis.sock")
    client.ping()
    return lambda number: client.set(f"load:{number % 2000}", PAYLOAD)


def files():
    descriptors = [
        os.open(f"/data/file-{index}", os.O_CREAT | os.O_WRONLY, 0o600) for index in range(4)]

    def write(number):
        descriptor = descriptors[number % 4]
        os.pwrite(descriptor, PAYLOAD.encode(), number % 2000 * len(PAYLOAD))
        os.fdatasync(descriptor)
    return write


KINDS = {"postgresql": postgresql, "mariadb": mariadb, "redis": redis_store, "files": files}


def connected(kind):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return KINDS[kind]()
        except Exception as error:
            if time.monotonic() > deadline:
                sys.exit(f"no answer of {kind}: {error}")
            time.sleep(0.2)


def main():
    write = connected(sys.argv[1])
    pause = 1 / float(os.environ.get("RATE", "10"))
    number = 0
    slowest = 0
    while True:
        begin = time.monotonic()
        write(number)
        number += 1
        slowest = max(slowest, time.monotonic() - begin)
        if number == 1 or number % WRITES_PER_REPORT == 0:
            print(f"{number} writes, slowest {slowest * 1000:.1f} ms", flush=True)
            slowest = 0
        # Not in step with the other members.
        time.sleep(pause * random.uniform(0.5, 1.5))


main()
