#!/usr/bin/env python3
"""The rotation that is written by hand today, to be measured beside strongroom's.

Fernet tokens in a SQLite file, each moved by `MultiFernet.rotate` and written with compare-and-swap, in durable
transactions of 1,000 rows, with the settings of a strongroom store. Each token holds a secret of 43 characters and
nothing else. Needs the package `cryptography`; `cargo bench --bench rotate` runs it where that is installed.

Usage: multifernet.py ROWS. Prints the rows moved per second.
"""

import os
import secrets
import sqlite3
import sys
import tempfile
import time

from cryptography.fernet import Fernet, MultiFernet

BATCH = 1_000


def main() -> None:
    rows = int(sys.argv[1])
    old, new = Fernet(Fernet.generate_key()), Fernet(Fernet.generate_key())
    with tempfile.TemporaryDirectory() as folder:
        engine = sqlite3.connect(os.path.join(folder, "tokens.db"), isolation_level=None)
        engine.execute("PRAGMA page_size = 8192")
        engine.execute("PRAGMA journal_mode = WAL")
        engine.execute("PRAGMA synchronous = FULL")
        engine.execute("PRAGMA secure_delete = ON")
        engine.execute("PRAGMA cache_size = -8192")
        engine.execute("CREATE TABLE tokens (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID")
        fill(engine, old, rows)
        start = time.perf_counter()
        moved = rotate(engine, MultiFernet([new, old]))
        took = time.perf_counter() - start
        assert moved == rows
        (sample,) = engine.execute("SELECT v FROM tokens LIMIT 1").fetchone()
        new.decrypt(sample)
    print(f"{moved / took:.0f}")


def fill(engine: sqlite3.Connection, old: Fernet, rows: int) -> None:
    # Moving costs the same when tokens repeat.
    tokens = [old.encrypt(secrets.token_urlsafe(32).encode()) for _ in range(BATCH)]
    engine.execute("BEGIN")
    values = ((at.to_bytes(16, "big"), tokens[at % BATCH]) for at in range(rows))
    engine.executemany("INSERT INTO tokens (k, v) VALUES (?, ?)", values)
    engine.execute("COMMIT")


def rotate(engine: sqlite3.Connection, keys: MultiFernet) -> int:
    moved, after = 0, b""
    while page := engine.execute("SELECT k, v FROM tokens WHERE k > ? ORDER BY k LIMIT ?", (after, BATCH)).fetchall():
        engine.execute("BEGIN IMMEDIATE")
        changes = [(keys.rotate(token), key, token) for key, token in page]
        moved += engine.executemany("UPDATE tokens SET v = ? WHERE k = ? AND v = ?", changes).rowcount
        engine.execute("COMMIT")
        after = page[-1][0]
    return moved


if __name__ == "__main__":
    main()
