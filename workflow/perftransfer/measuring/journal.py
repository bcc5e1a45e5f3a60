"""The journal of an environment: every finished measurement, one JSON object per line, append-only.

Tables are made from it. No rule of the workflow declares it as its output, so Snakemake never deletes it.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import json
import os
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TypeGuard

from perftransfer.errors import UserError
from perftransfer.levels import level_text
from perftransfer.measuring import record_checks
from perftransfer.measuring.engines.interface import Options
from perftransfer.measuring.records import HostRecord, Measurement, Record, Sentinel

Key = tuple[str, str, int, str, int]

#: Status of a measurement that was not made, as a setting of the hardware could not be applied.
NOT_APPLIED = "not_applied"
_TIMEOUT = "timeout"
# Another one may take their place.
_REPLACED = (_TIMEOUT, NOT_APPLIED)
# What a file system says that has no locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
# Damaged lines that are named; of more, only the number.
_MOST_NAMED = 5


def key(record: Measurement) -> Key:
    """Return what makes a measurement one of its kind: (environment digest, configuration, repeat, protocol, attempt).

    An attempt above 0 was made because the one before was disturbed; journals of earlier versions do not have it.
    """
    return (
        record["environment_digest"],
        record["configuration_id"],
        record["repeat"],
        record["protocol"],
        record.get("attempt", 0),
    )


def is_measurement(record: Record) -> TypeGuard[Measurement]:
    """Whether a line of a journal is a measurement."""
    return record.get("record") == "measurement"


def is_sentinel(record: Record) -> TypeGuard[Sentinel]:
    """Whether a line of a journal is a measurement of the sentinel configuration."""
    return record.get("record") == "sentinel"


def is_host(record: Record) -> TypeGuard[HostRecord]:
    """Whether a line of a journal describes the machine of those that follow."""
    return record.get("record") == "host"


class Contents(NamedTuple):
    """What a journal holds.

    records: in the order they were written; lines: number of the line of each, from 1. damaged: what is wrong with each
    line that was skipped, by its number.
    """

    records: list[Record]
    lines: list[int]
    damaged: dict[int, str]


def read(path: Path) -> list[Record]:
    """Return the records in the order they were written; see ``contents``."""
    return contents(path).records


def contents(path: Path) -> Contents:
    """Read a journal; damaged lines, such as one torn by a kill in mid-write, are skipped.

    Raises UserError for a value that cannot have been measured, or if the file cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return Contents([], [], {})
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    out = Contents([], [], {})
    for number, line in enumerate(lines, start=1):
        try:
            record = record_checks.parse(line)
        except record_checks.DamagedRecordError as error:
            out.damaged[number] = str(error)
            continue
        except record_checks.ImpossibleValueError as error:
            raise UserError(
                f"{path}: line {number}: {error}. Was this file edited? Delete the line, and it is measured again"
            ) from error
        if record is not None:
            out.records.append(record)
            out.lines.append(number)
    return out


def damage(path: Path, damaged: Mapping[int, str]) -> str:
    """Say how many lines of a journal were skipped, and which; empty if none was."""
    if not damaged:
        return ""
    named = [f"line {number} {reason}" for number, reason in itertools.islice(damaged.items(), _MOST_NAMED)]
    if len(damaged) > _MOST_NAMED:
        named.append(f"{len(damaged) - _MOST_NAMED} more up to line {max(damaged)}")
    lines = "1 damaged line was" if len(damaged) == 1 else f"{len(damaged)} damaged lines were"
    return f"{path}: {lines} skipped: {'; '.join(named)}"


def check_options(path: Path, records: Iterable[Measurement], configurations: Mapping[str, Options]) -> None:
    """Raise UserError if a measurement of one of ``configurations`` was made with other options than it has."""
    for record in records:
        expected = configurations.get(record["configuration_id"])
        if expected is None or dict(expected) == record["options"]:
            continue
        content = contents(path)
        number = next((line for line, other in zip(content.lines, content.records, strict=True) if other == record), 0)
        actual = record["options"]
        names = [name for name in {**expected, **actual} if expected.get(name) != actual.get(name)]
        differences = [f"{n} is {level_text(actual.get(n))}, not {level_text(expected.get(n))}" for n in names]
        raise UserError(
            f"{path}: line {number}: options contradict the configuration_id {record['configuration_id']}: "
            f"{'; '.join(differences)}. Was this file edited? Delete the line, and it is measured again"
        )


def measurements(records: Iterable[Record]) -> dict[Key, Measurement]:
    """Return measurements by key; of two with the same key the first counts, unless it was none or a time-out."""
    out: dict[Key, Measurement] = {}
    for record in filter(is_measurement, records):
        earlier = out.get(key(record))
        if earlier is None or earlier.get("status") in _REPLACED:
            out[key(record)] = record
    return out


def sentinels(records: Iterable[Record], environment_digest: str, protocol: str) -> list[Sentinel]:
    """Return the measurements of the sentinel configuration, which only watch the machine, in their order."""
    return [
        record
        for record in filter(is_sentinel, records)
        if (record.get("environment_digest"), record.get("protocol")) == (environment_digest, protocol)
    ]


def hosts(records: Iterable[Record]) -> dict[str, HostRecord]:
    """Return descriptions of the machines in a journal by environment digest, the latest of each."""
    return {record["environment_digest"]: record for record in filter(is_host, records)}


def host_changes(records: Iterable[Record], environment_digest: str) -> dict[str, list[object]]:
    """Return what the machine's description says in more than one way, among the runs that measured an environment.

    Processor, engine and network are in the digest; kernel, governor, memory and the like are not.
    """
    hosts: list[dict[str, object]] = [
        dict(record) for record in filter(is_host, records) if record["environment_digest"] == environment_digest
    ]
    out: dict[str, list[object]] = {}
    for fact in sorted({name for host in hosts for name in host}):
        # What an older version did not describe has not changed.
        values = [host[fact] for host in hosts if fact in host]
        different = [value for i, value in enumerate(values) if value not in values[:i]]
        if len(different) > 1:
            out[fact] = different
    return out


def is_final(record: Measurement, timeout_seconds: float) -> bool:
    """Whether a measurement need not be tried again: all but one that was ended after a shorter time-out than now."""
    if record["status"] == _TIMEOUT:
        return bool(record.get("timeout_seconds", timeout_seconds) >= timeout_seconds)
    return bool(record["status"] != NOT_APPLIED)


class Journal:
    """The one writer of a journal: a context manager that holds a lock on it.

    Raises UserError on entry if another process, also one on another node, is writing to the same journal, or if the
    file system has no locks.
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
                f"{self.path}: another process is measuring into this journal{self._last_writer()}; wait for it, "
                "or end it, and start again"
            ) from error
        except OSError as error:
            os.close(file)
            if error.errno not in _NO_LOCKS:
                raise
            raise UserError(
                f"{self.path}: this file system has no locks ({error.strerror}), so two processes could measure into "
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

    def _last_writer(self) -> str:
        nodes = [record["node"] for record in filter(is_host, read(self.path)) if "node" in record]
        return f" (its last writer was on {nodes[-1]})" if nodes else ""

    def take_over(
        self, records: list[Record], environment_digest: str, protocol: str, configurations: Collection[str]
    ) -> list[Measurement]:
        """Add what another journal holds of these configurations and this one does not, with its host; return it.

        Of the environment, by the protocol. Others are left where they are: designs that choose by earlier
        measurements would take them for chosen.
        """
        if not records:
            return []
        existing = measurements(read(self.path))
        same = [record for record in records if record.get("environment_digest") == environment_digest]
        new = [
            record
            for kind, record in measurements(same).items()
            if record["protocol"] == protocol and kind[1] in configurations and kind not in existing
        ]
        added: list[Record] = [*filter(is_host, same), *new]
        for record in added if new else []:
            self.append(record)
        return new

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
