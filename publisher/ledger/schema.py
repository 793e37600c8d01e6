"""The tables of the ledger, and how an older ledger becomes today's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

VERSION = 3

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- The drop folder as last seen: one row a path that stands there.
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,              -- nanoseconds, only to see that something changed
    sha256 TEXT NOT NULL,
    arrived TEXT NOT NULL,
    document TEXT NOT NULL,
    language TEXT NOT NULL,
    verdict TEXT NOT NULL,               -- accepted, held, rejected, withdrawn
    problems TEXT NOT NULL DEFAULT '[]', -- reasons and warnings, as JSON
    title TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX files_document ON files (document);
CREATE INDEX files_sha256 ON files (sha256);
CREATE INDEX files_verdict ON files (verdict, arrived) WHERE verdict IN ('held', 'rejected');
CREATE INDEX files_arrived ON files (arrived);

CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,            -- first path, without its language
    path TEXT NOT NULL,                  -- where it stands today, without its language
    address TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT 'notice',
    slug TEXT,                           -- of a table
    category TEXT NOT NULL,
    state TEXT NOT NULL,
    listed INTEGER NOT NULL DEFAULT 0,   -- shown on lists
    title TEXT NOT NULL DEFAULT '',
    summary TEXT NOT NULL DEFAULT '',
    date TEXT NOT NULL DEFAULT '',
    updated TEXT NOT NULL DEFAULT '',
    severity TEXT NOT NULL DEFAULT '通常',
    districts TEXT NOT NULL DEFAULT '[]',
    drill INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    languages TEXT NOT NULL DEFAULT '["ja"]',
    place TEXT NOT NULL DEFAULT '',      -- in the archive by time: 2011-03/11144600…
    due TEXT                             -- when the clock alone changes its state
);
CREATE UNIQUE INDEX documents_slug ON documents (slug) WHERE slug IS NOT NULL;
CREATE INDEX documents_path ON documents (path);
CREATE INDEX documents_due ON documents (due) WHERE due IS NOT NULL;
CREATE INDEX documents_latest ON documents (updated DESC, id) WHERE listed;
CREATE INDEX documents_category ON documents (category, updated DESC, id) WHERE listed;
CREATE INDEX documents_urgent ON documents (severity, state, updated DESC, id) WHERE listed;
CREATE INDEX documents_tables ON documents (kind, state, title, id) WHERE listed;
CREATE INDEX documents_place ON documents (place, id) WHERE listed;
CREATE INDEX documents_category_place ON documents (category, place, id) WHERE listed;

CREATE TABLE versions (
    document TEXT NOT NULL,
    language TEXT NOT NULL,
    number INTEGER NOT NULL,
    moment TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    publish TEXT,
    expires TEXT,
    gone INTEGER NOT NULL DEFAULT 0,     -- not a version: from this moment on nothing stood at the path
    rows INTEGER NOT NULL DEFAULT 0,     -- of a table
    as_of TEXT,                          -- the moment that a table names
    PRIMARY KEY (document, language, number)
) WITHOUT ROWID;

-- The numbers of each edition of a table. A version is named by its moment and its bytes.
CREATE TABLE tallies (
    document TEXT NOT NULL,
    slug TEXT NOT NULL,
    moment TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    as_of TEXT NOT NULL,
    said TEXT NOT NULL,                  -- as JSON
    mark TEXT NOT NULL,                  -- of its rows: another one when a row came, went or moved; '' where its numbers do not count
    against TEXT NOT NULL DEFAULT '',    -- the mark of the edition before, when the difference was counted
    change TEXT,                         -- the difference, as JSON
    rows BLOB,                           -- digests of its rows and their groups, while the next edition may have to be compared with them
    PRIMARY KEY (document, slug, moment, sha256)
);

CREATE TABLE categories (path TEXT PRIMARY KEY, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE) WITHOUT ROWID;

-- How many listed documents lie below each step of the archive, for the whole site ('') and for each category, as deep as it is split.
-- ``length`` of the prefix leads: the steps right below another one are found without reading what lies below them.
CREATE TABLE places (scope TEXT NOT NULL, length INTEGER NOT NULL, prefix TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (scope, length, prefix)) WITHOUT ROWID;

CREATE TABLE decisions (path TEXT NOT NULL, sha256 TEXT NOT NULL, action TEXT NOT NULL, moment TEXT NOT NULL,
    PRIMARY KEY (path, sha256, action)) WITHOUT ROWID;
CREATE TABLE audit (number INTEGER PRIMARY KEY, moment TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '');

-- What has to be rendered before the site is whole again. Cleared in the transaction that records the pages.
CREATE TABLE touches (kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;

-- The published files. A file that is gone stays as a row until every mirror has deleted it.
CREATE TABLE pages (
    path TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    kind TEXT NOT NULL,
    personal INTEGER NOT NULL,
    key TEXT NOT NULL DEFAULT '',        -- of what it was rendered from, where that is known before rendering
    shard TEXT NOT NULL,                 -- its key in the manifest; '' for what the manifest does not list
    serial INTEGER NOT NULL,
    gone INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX pages_shard ON pages (shard, path) WHERE gone = 0;
CREATE INDEX pages_serial ON pages (serial);
CREATE TABLE uses (owner TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (owner, path)) WITHOUT ROWID;
CREATE INDEX uses_path ON uses (path);
CREATE TABLE shards (length INTEGER NOT NULL, prefix TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (length, prefix)) WITHOUT ROWID;

CREATE TABLE mirrors (name TEXT PRIMARY KEY, identity TEXT NOT NULL, serial INTEGER NOT NULL DEFAULT 0, confirmed TEXT, state TEXT NOT NULL DEFAULT '',
    problem TEXT NOT NULL DEFAULT '', since TEXT) WITHOUT ROWID;
-- What must vanish from a mirror, in every version; ``done`` is the receipt.
CREATE TABLE takedowns (number INTEGER PRIMARY KEY, mirror TEXT NOT NULL, prefix TEXT NOT NULL, reason TEXT NOT NULL, target TEXT NOT NULL,
    moment TEXT NOT NULL, done TEXT, things INTEGER NOT NULL DEFAULT 0);
CREATE INDEX takedowns_pending ON takedowns (mirror) WHERE done IS NULL;
CREATE INDEX takedowns_target ON takedowns (target);
-- ``moment`` of a file to which nothing led when it came ends in " new".
CREATE TABLE receipts (mirror TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, headers TEXT NOT NULL, moment TEXT NOT NULL,
    PRIMARY KEY (mirror, path)) WITHOUT ROWID;
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Make an empty ledger today's; leave today's as it is. Raises ``sqlite3.DatabaseError`` for that of another version of the program."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
    elif version != VERSION:
        raise sqlite3.DatabaseError(f"別の版の publisher が作った記録です。版{version}、いまの版{VERSION}")


@contextmanager
def indexed_afterwards(connection: sqlite3.Connection, table: str) -> Iterator[None]:
    """Within a transaction, for an empty table into which very many rows go: its indexes are made when all are there, sorted, instead of being taken apart
    and put together for each."""
    indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,)).fetchall()
    assert connection.in_transaction  # a crash in between would leave the table without them
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    try:
        yield
    finally:
        if connection.in_transaction:  # SQLite goes back by itself when the disk is full
            for _, sql in indexes:
                connection.execute(sql)
