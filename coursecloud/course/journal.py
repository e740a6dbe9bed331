"""What was begun and what came of it, on disk: an SQLite file beside the stack files, from which any run goes on.

A transition is on the disk before the next step begins (WAL, synchronous=FULL), so that what a kill or a power cut
leaves open is one step a group: the one that was being worked on. Nothing here knows what a verb does.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from coursecloud.course.outcome import Outcome, State
from coursecloud.course.record import Result

FOLDER = ".course"
"""Beside the stack files: journal, logs, locks. Git ignores it; what it holds of people are pseudonyms."""

FILE = "journal.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY, verb TEXT NOT NULL, asked TEXT NOT NULL, began REAL NOT NULL, ended REAL, note TEXT
);
CREATE TABLE IF NOT EXISTS task (
    run INTEGER NOT NULL REFERENCES run(id), stack TEXT NOT NULL, place INTEGER NOT NULL, state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0, began REAL, ended REAL, code INTEGER, words TEXT,
    told TEXT, PRIMARY KEY (run, stack)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS next_task ON task (run, state, due, place);
CREATE INDEX IF NOT EXISTS last_task ON task (stack, run);
"""


class BusyError(Exception):
    """Another process works on this run."""


@dataclass(frozen=True)
class Run:
    """One command on many groups."""

    id: int
    verb: str
    asked: Mapping[str, Any]
    """What was asked for beside the verb: two commands that ask for the same are the same command."""
    began: float
    ended: float | None
    note: str
    record: str = ""
    """What it is called in the course's bucket, where other runners may go on with it."""


@dataclass(frozen=True)
class Task:
    """One group of a run; times are seconds since 1970."""

    run: int
    stack: str
    state: State
    tries: int
    """Tries that failed."""
    due: float
    began: float | None
    ended: float | None
    code: int | None
    words: str
    told: Mapping[str, Any]
    verb: str = ""


class Journal:
    """The file. One thread uses it at a time; `own` keeps other processes from the same run."""

    def __init__(self, folder: Path, *, only_read: bool = False):
        """Open the journal of a folder, and make it where there is none.

        With `only_read` it is a copy in memory of what is there, which changes nothing and needs no right to write.
        """
        self.folder = folder / FOLDER
        if not only_read:
            self.folder.mkdir(exist_ok=True)
            ignoring = self.folder / ".gitignore"
            if not ignoring.exists():
                ignoring.write_text("*\n", encoding="utf-8")
        file = self.folder / FILE
        self._db = sqlite3.connect(":memory:" if only_read else file, isolation_level=None, timeout=30)
        self._db.row_factory = sqlite3.Row
        if only_read and file.is_file():
            _copy(file, self._db)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        if "record" not in {row["name"] for row in self._db.execute("PRAGMA table_info(run)")}:
            with contextlib.suppress(sqlite3.OperationalError):  # another process did just now
                self._db.execute("ALTER TABLE run ADD COLUMN record TEXT")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextlib.contextmanager
    def own(self, run: int) -> Generator[None]:
        """Keep a run to this process: the kernel lets go when it ends, however it ends. Raises BusyError."""
        with (self.folder / f"run-{run}.lock").open("a+", encoding="utf-8") as file:
            if not lock(file):
                file.seek(0)
                raise BusyError(file.read().strip() or "another process")
            file.truncate(0)
            file.write(f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M')}\n")
            file.flush()
            yield

    def begin(self, verb: str, asked: Mapping[str, Any], stacks: Iterable[str], record: str = "") -> Run:
        """Write down a new run and its groups: all of them, or nothing."""
        with self._whole():
            cursor = self._db.execute(
                "INSERT INTO run (verb, asked, began, record) VALUES (?, ?, ?, ?)",
                (verb, _text(asked), time.time(), record),
            )
            number = cast("int", cursor.lastrowid)
            self._db.executemany(
                "INSERT INTO task (run, stack, place, state) VALUES (?, ?, ?, 'waiting')",
                ((number, stack, place) for place, stack in enumerate(stacks)),
            )
        return self.run(number)

    def run(self, number: int) -> Run:
        """Give a run by its number."""
        return _run(self._db.execute("SELECT * FROM run WHERE id = ?", (number,)).fetchone())

    def open(self, verb: str | None = None) -> list[Run]:
        """List the runs that have not ended, the newest first."""
        rows = self._db.execute(
            "SELECT * FROM run WHERE ended IS NULL AND (? IS NULL OR verb = ?) ORDER BY id DESC", (verb, verb)
        )
        return [_run(row) for row in rows]

    def same(self, verb: str, asked: Mapping[str, Any]) -> Run | None:
        """Find the run that this very command began and has not ended."""
        return next((run for run in self.open(verb) if _text(run.asked) == _text(asked)), None)

    def reopen(self, run: int) -> int:
        """Have what was being worked on when its runner ended wait again; says how many. Only for who owns the run."""
        return self._db.execute(
            "UPDATE task SET state = 'waiting', due = 0 WHERE run = ? AND state = 'working'", (run,)
        ).rowcount

    def adopt(self, run: int, stack: str, result: Result) -> None:
        """Take in what another runner has written down of a group.

        What it had begun and not settled comes after all that nobody has: it may be what has ended that runner.
        """
        if result.settled:
            told = json.dumps(dict(result.told)) if result.told else None
            self._db.execute(
                "UPDATE task SET state = ?, tries = ?, began = ?, ended = ?, code = ?, words = ?, told = ?"
                " WHERE run = ? AND stack = ?",
                (result.state, result.tries, result.began, result.ended, result.code, result.words, told, run, stack),
            )
            return
        self._db.execute(
            "UPDATE task SET state = 'waiting', tries = ?, due = ? WHERE run = ? AND stack = ?",
            (result.tries, int(result.state == "working"), run, stack),
        )

    def take(self, run: int, now: float) -> Task | None:
        """Take the next group that is due, and write down that it is being worked on."""
        row = self._db.execute(
            "SELECT * FROM task WHERE run = ? AND state = 'waiting' AND due <= ? ORDER BY due, place LIMIT 1",
            (run, now),
        ).fetchone()
        if row is None:
            return None
        self._db.execute(
            "UPDATE task SET state = 'working', began = ? WHERE run = ? AND stack = ?", (time.time(), run, row["stack"])
        )
        return _task(row)

    def due(self, run: int) -> float | None:
        """Say when the next waiting group may be tried; None where none waits."""
        return self._db.execute("SELECT MIN(due) FROM task WHERE run = ? AND state = 'waiting'", (run,)).fetchone()[0]

    def settle(self, task: Task, outcome: Outcome, state: State, *, tries: int, due: float = 0) -> None:
        """Write down what came of a try, and what the group is from now on."""
        self._db.execute(
            "UPDATE task SET state = ?, tries = ?, due = ?, ended = ?, code = ?, words = ?, told = ?"
            " WHERE run = ? AND stack = ?",
            (state, tries, due, time.time(), outcome.code, outcome.words,
             json.dumps(dict(outcome.told)) if outcome.told else None, task.run, task.stack),
        )  # fmt: skip

    def end(self, run: int, note: str = "") -> None:
        """Write down that a run has ended: nothing of it waits, or it was given up (`note` says why)."""
        self._db.execute("UPDATE run SET ended = ?, note = ? WHERE id = ?", (time.time(), note, run))

    def counts(self, run: int) -> dict[str, int]:
        """Count the groups of a run by state."""
        return dict(
            self._db.execute("SELECT state, COUNT(*) FROM task WHERE run = ? GROUP BY state", (run,)).fetchall()
        )

    def tasks(self, run: int) -> Iterator[Task]:
        """Give the groups of a run in their order."""
        yield from map(_task, self._db.execute("SELECT * FROM task WHERE run = ? ORDER BY place", (run,)))

    def latest(self, *verbs: str, done: bool = False) -> dict[str, Task]:
        """Give the last task of each stack among these verbs that has come to something; with `done` to a good end."""
        rows = self._db.execute(
            "WITH last AS (SELECT task.stack AS stack, MAX(task.run) AS run FROM task JOIN run ON run.id = task.run"
            " WHERE run.verb IN (SELECT value FROM json_each(?)) AND task.ended IS NOT NULL"
            " AND (task.state = 'done' OR NOT ?) GROUP BY task.stack)"
            " SELECT task.*, run.verb FROM last JOIN task USING (stack, run) JOIN run ON run.id = task.run",
            (json.dumps(verbs), done),
        )
        return {row["stack"]: _task(row) for row in rows}

    @contextlib.contextmanager
    def _whole(self) -> Generator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def lock(file: IO[str]) -> bool:
    """Lock a file until it and every copy of its descriptor is closed; False where somebody has it."""
    import fcntl  # where there is none (Windows), Pulumi's own lock is all there is, and a course is not run

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _copy(file: Path, to: sqlite3.Connection) -> None:
    """Copy a journal. Where its folder cannot be written, nobody can be writing in it either: it is read as it is."""
    for how in ("mode=ro", "mode=ro&immutable=1"):
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?{how}", uri=True)) as there:
            try:
                there.backup(to)
            except sqlite3.OperationalError:
                if "immutable" in how:
                    raise
            else:
                return


def _text(asked: Mapping[str, Any]) -> str:
    return json.dumps(dict(asked), sort_keys=True)


def _run(row: sqlite3.Row) -> Run:
    return Run(
        row["id"],
        row["verb"],
        json.loads(row["asked"]),
        row["began"],
        row["ended"],
        row["note"] or "",
        row["record"] or "",
    )


def _task(row: sqlite3.Row) -> Task:
    told = cast("dict[str, Any]", json.loads(row["told"] or "{}"))
    verb = row["verb"] if "verb" in row.keys() else ""  # noqa: SIM118 - a row is no mapping
    return Task(row["run"], row["stack"], row["state"], row["tries"], row["due"], row["began"], row["ended"],
                row["code"], row["words"] or "", told, verb)  # fmt: skip
