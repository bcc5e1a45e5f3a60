"""Measure on a board without Snakemake: files that go there and come back, as plain JSON.

There: a folder with ``environment.json``, ``configurations.json`` and the network's files. Back: the journal.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from perftransfer import package_path
from perftransfer.errors import UserError
from perftransfer.levels import Level
from perftransfer.measuring import bench, journal, networks
from perftransfer.measuring.engines.interface import Options
from perftransfer.measuring.protocol import Protocol
from perftransfer.measuring.records import Measurement, Record
from perftransfer.plain import from_plain, to_plain

T = TypeVar("T")
# Keys of a measurement in journals of all versions.
_NEEDED = ("environment_digest", "configuration_id", "repeat", "protocol", "status", "started_at", "options")


@dataclass(frozen=True)
class BoardJob:
    """What a board is to measure: content of ``environment.json``. Names of files are relative to its folder."""

    environment: bench.Environment
    protocol: Protocol
    repeats: int
    retries: int


def pack(
    folder: Path,
    environment: bench.Environment,
    configurations: Mapping[str, Options],
    *,
    protocol: Protocol,
    repeats: int,
    retries: int,
) -> None:
    """Write what a board needs into ``folder``; with copies of the network's files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for precision, path in environment.files.items():
        source = Path(path)
        files[precision] = source.name
        for file in networks.files_of(source):
            copy = folder / file.relative_to(source.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    job = BoardJob(replace(environment.with_dimension_names(), files=files), protocol, repeats, retries)
    for name, content in (("environment", to_plain(job)), ("configurations", to_plain(configurations))):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def measure(environment_file: str, configurations_file: str, out: str) -> None:
    """Measure what two files of ``pack`` ask for, into the journal ``out``.

    Raises UserError if a file cannot be read, or is not what ``pack`` writes.
    """
    package_path.export()
    job = _read(BoardJob, environment_file)
    configurations = _read(dict[str, dict[str, Level | None]], configurations_file)
    folder = Path(environment_file).parent
    for name in job.environment.files.values():
        if Path(name).name != name:
            raise UserError(f"{environment_file}: environment.files: {name} is not a file in the same folder")
        if not (folder / name).is_file():
            raise UserError(f"{environment_file}: there is no file {folder / name}")
    files = {precision: str(folder / name) for precision, name in job.environment.files.items()}
    records = bench.measure_environment(
        replace(job.environment, files=files),
        configurations,
        repeats=job.repeats,
        retries=job.retries,
        protocol=job.protocol,
        journal_path=Path(out),
        seed=job.environment.seed,
    )
    good = sum(record["status"] == "ok" for record in records)
    print(f"{out}: {good} of {len(records)} measurements succeeded")


def load_external_journal(path: Path, environment: str, configurations: Collection[str]) -> list[Measurement]:
    """Return from a journal that was written elsewhere the measurements of these configurations.

    A value is of one machine and one protocol: those of the pair with the most measurements that succeeded, and of
    equals the latest.

    Raises UserError if the journal has none of this environment, or if one of them lacks a value.
    """
    records = journal.read(path)
    matches = [
        record
        for record in _complete(path, records)
        if record.get("environment") == environment and record["configuration_id"] in configurations
    ]
    if not matches:
        names = sorted({str(record.get("environment")) for record in filter(journal.is_measurement, records)})
        raise UserError(
            f"{path}: no measurement of the environment {environment} with a configuration of this study; found "
            f"environments: {', '.join(names) or 'none'}"
        )
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for record in matches:
        groups.setdefault((record["environment_digest"], record["protocol"]), []).append(record)

    def rank(group: list[Measurement]) -> tuple[int, str]:
        return sum(record["status"] == "ok" for record in group), max(record["started_at"] for record in group)

    return max(groups.values(), key=rank)


def _complete(path: Path, records: Iterable[Record]) -> list[Measurement]:
    """Return the measurements of a journal. Raises UserError for a measurement without one of ``_NEEDED``."""
    measurements = list(filter(journal.is_measurement, records))
    for number, record in enumerate(measurements, start=1):
        for name in _NEEDED:
            if name not in record:
                raise UserError(f"{path}: measurement {number} has no {name}; was this file edited?")
    return list(journal.measurements(measurements).values())


def _read(expected: type[T], file: str) -> T:
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{file}: is not valid JSON: {error}") from error
    try:
        return from_plain(expected, content)
    except (TypeError, ValueError) as error:
        raise UserError(f"{file}: {error}; expected what the rule pack writes") from error
