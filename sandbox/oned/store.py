"""Documents in one SQLite file. A transaction is whole or never was, wherever the process is killed; ids never return.

The lock makes transactions follow one another, so a call sees and leaves the cloud consistent. Inside one, a document
is loaded once: whoever asks for it again gets the same object, and what was `put` is written at the end.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sandbox.oned.document import Document, Key
from sandbox.oned.errors import ApiError

D = TypeVar("D", bound=Document)

SCHEMA = """
create table if not exists documents (
    pool text not null, id integer not null, live integer not null, body text not null, primary key (pool, id)
) without rowid;
create index if not exists live_documents on documents (pool, id) where live;
create table if not exists counters (pool text primary key, last integer not null) without rowid;
"""


class Store:
    """All that the cloud remembers."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        path.touch(mode=0o600)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Everything done to the Transaction is written when the block ends, nothing when it raises.

        (An ApiError with `keep` is written and raised.) Transactions do not nest.
        """
        with self._lock:
            self._database.execute("begin immediate")
            transaction = Transaction(self._database)
            try:
                try:
                    yield transaction
                except ApiError as error:
                    if error.keep:
                        transaction.write()
                        self._database.execute("commit")
                    raise
                transaction.write()
                self._database.execute("commit")
            finally:
                if self._database.in_transaction:
                    self._database.execute("rollback")

    def close(self) -> None:
        """Close the file once the running transaction has ended."""
        with self._lock:
            self._database.close()


class Transaction:
    """What a call or the worker sees of the store."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._seen: dict[Key, Document] = {}
        self._dirty: dict[Key, Document] = {}

    def new_id(self, kind: type[Document]) -> int:
        """The pool's next id. A pool's first one is `kind.first_id` (100 where oned keeps low ids for itself)."""
        row = self._database.execute(
            "insert into counters values (?, ?) on conflict do update set last = last + 1 returning last",
            (kind.pool, kind.first_id),
        ).fetchone()
        return int(row[0])

    def return_id(self, kind: type[Document], object_id: int) -> None:
        """Give back the id just taken, of an object that did not come to be."""
        self._database.execute("update counters set last = ? where pool = ?", (object_id - 1, kind.pool))

    def get(self, kind: type[D], object_id: int) -> D | None:
        """The document, or None."""
        key = (kind.pool, object_id)
        if key not in self._seen:
            row = self._database.execute("select body from documents where pool = ? and id = ?", key).fetchone()
            if row is None:
                return None
            self._seen[key] = kind.model_validate_json(row[0])
        document = self._seen[key]
        assert isinstance(document, kind)  # noqa: S101 (a pool holds one kind)
        return document

    def all(self, kind: type[D], *, live: bool = False) -> list[D]:
        """The pool in ascending order of ids; `live` leaves out VMs that are DONE."""
        query = "select id, body from documents where pool = ? and live >= ?"
        found = dict(self._database.execute(query, (kind.pool, live)).fetchall())
        for object_id, body in found.items():
            if (kind.pool, object_id) not in self._seen:
                self._seen[kind.pool, object_id] = kind.model_validate_json(body)
        keys = set(found) | {object_id for pool, object_id in self._dirty if pool == kind.pool}
        documents = (self.get(kind, object_id) for object_id in sorted(keys))
        return [document for document in documents if document is not None and (document.live or not live)]

    def put(self, document: Document) -> None:
        """Write the document, as it is when the transaction ends."""
        self._seen[document.key] = self._dirty[document.key] = document

    def delete(self, document: Document) -> None:
        """Forget the document. Its id is not given again."""
        self._seen.pop(document.key, None)
        self._dirty.pop(document.key, None)
        self._database.execute("delete from documents where pool = ? and id = ?", document.key)

    def write(self) -> None:
        """Called by the store at the end."""
        self._database.executemany(
            "insert into documents values (?, ?, ?, ?) "
            "on conflict do update set live = excluded.live, body = excluded.body",
            [(pool, key, document.live, document.model_dump_json()) for (pool, key), document in self._dirty.items()],
        )
