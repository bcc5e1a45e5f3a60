"""The journal of an environment: every finished measurement, one JSON object a line, only ever appended to.

It is the truth; tables are made from it. No rule of the workflow declares it as its output, so nothing deletes it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from perftransfer.errors import UserError

Record = dict[str, Any]
Key = tuple[str, str, int, str, int]

#: Status of a measurement that was not made, as a setting of the hardware could not be applied.
NOT_APPLIED = "not_applied"
_TIMEOUT = "timeout"
# Another one may take their place.
_REPLACED = (_TIMEOUT, NOT_APPLIED)
# What a file system says that has no locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_RENAMED = {"others_cpu_share": "external_cpu_share"}
# Stands for a measurement that is not there.
_NOTHING: Record = {"status": _TIMEOUT}


def key(record: Record) -> Key:
    """What makes a measurement one of its kind: (environment digest, configuration, repeat, protocol, attempt).

    An attempt above 0 was made because the one before was disturbed.
    """
    names = ("environment_digest", "configuration_id", "repeat", "protocol")
    digest, configuration, repeat, protocol = (record[name] for name in names)
    return (digest, configuration, repeat, protocol, record.get("attempt", 0))


def read(path: Path) -> list[Record]:
    """Return the records in the order they were written; a line torn by a kill in mid-write is passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return list(_records(lines))


def _records(lines: list[bytes]) -> Iterator[Record]:
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            # Journals of earlier versions use other names.
            yield {str(_RENAMED.get(name, name)): value for name, value in record.items()}


def measurements(records: list[Record]) -> dict[Key, Record]:
    """Measurements by key; of one that stands twice, the first counts, unless it was none or a time-out."""
    out: dict[Key, Record] = {}
    for record in records:
        if record.get("record") == "measurement" and out.get(key(record), _NOTHING).get("status") in _REPLACED:
            out[key(record)] = record
    return out


def sentinels(records: list[Record], environment_digest: str, protocol: str) -> list[Record]:
    """Return the measurements of the sentinel configuration, which only watch the machine, in their order."""
    return [
        record
        for record in records
        if record.get("record") == "sentinel"
        and (record.get("environment_digest"), record.get("protocol")) == (environment_digest, protocol)
    ]


def is_final(record: Record, timeout_seconds: float) -> bool:
    """Whether a measurement need not be tried again: all but one that was ended after a shorter time-out than now."""
    if record["status"] == _TIMEOUT:
        return bool(record.get("timeout_seconds", timeout_seconds) >= timeout_seconds)
    return bool(record["status"] != NOT_APPLIED)


class Journal:
    """The one writer of a journal: a context manager that holds a lock on it.

    Raises UserError on entry if another process, also one on another node, is writing to the same journal, or if the
    file system knows no locks: then nobody can tell.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None
        self._synced = time.monotonic()

    def __enter__(self) -> Journal:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            raise UserError(
                f"{self.path}: another process is measuring into this journal{self._known_of_writer()}; wait for it, "
                "or end it, and start again"
            ) from error
        except OSError as error:
            os.close(file)
            if error.errno not in _NO_LOCKS:
                raise
            raise UserError(
                f"{self.path}: this file system knows no locks ({error.strerror}), so two processes could measure into "
                "one journal; have it mounted with locks, or keep the results on another one"
            ) from error
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            # The writer before us was killed in mid-line: keep its fragment apart from our first line.
            os.write(file, b"\n")
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _known_of_writer(self) -> str:
        nodes = [record["node"] for record in read(self.path) if record.get("record") == "host" and "node" in record]
        return f" (its last writer was on {nodes[-1]})" if nodes else ""

    def take_over(
        self, records: list[Record], environment_digest: str, protocol: str, configurations: Collection[str]
    ) -> None:
        """Add what another journal holds of these configurations and this one does not, with its host.

        Of the environment, by the protocol. Others are left where they are: who chooses what to measure by what was
        measured would take them for chosen.
        """
        known = measurements(read(self.path))
        own = [record for record in records if record.get("environment_digest") == environment_digest]
        new = [
            record
            for kind, record in measurements(own).items()
            if record["protocol"] == protocol and kind[1] in configurations and kind not in known
        ]
        hosts = [record for record in own if record.get("record") == "host"]
        for record in [*hosts, *new] if new else []:
            self.append(record)

    def append(self, record: Record) -> None:
        """Add a record."""
        if self._file is None:
            raise ValueError("the journal is not open: use it as a context manager")
        data = (json.dumps(record, separators=(",", ":"), allow_nan=False) + "\n").encode()
        while data:
            data = data[os.write(self._file, data) :]
        # Written is safe from a kill; only a loss of power asks for the disk, and a second of work is a small loss.
        now = time.monotonic()
        if now - self._synced > 1.0:
            os.fsync(self._file)
            self._synced = now
