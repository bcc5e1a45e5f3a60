"""Measure on a board without Snakemake: files that go there and come back, as plain JSON.

There: a folder with ``environment.json``, ``configurations.json`` and the network's files. Back: the journal.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from perftransfer import package_path
from perftransfer.errors import UserError
from perftransfer.levels import Level
from perftransfer.measuring import bench, journal, networks
from perftransfer.measuring.engines.interface import Options
from perftransfer.measuring.feed import PlannedInput
from perftransfer.measuring.feed.sizes import shapes
from perftransfer.measuring.protocol import Protocol
from perftransfer.measuring.records import Measurement
from perftransfer.plain import from_plain, to_plain

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class BoardJob:
    """What a board is to measure: content of ``environment.json``. Names of files are relative to its folder."""

    environment: bench.Environment
    protocol: Protocol
    repeats: int
    retries: int
    max_wait_seconds: float = 0.0


def pack(
    folder: Path,
    environment: bench.Environment,
    configurations: Mapping[str, Options],
    *,
    protocol: Protocol,
    repeats: int,
    retries: int,
    max_wait_seconds: float = 0.0,
) -> None:
    """Write what a board needs into ``folder``; with copies of the network's files."""
    planned = environment.planned()
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for precision, path in environment.files.items():
        source = Path(path)
        files[precision] = source.name
        for file in networks.files_of(source):
            copy = folder / file.relative_to(source.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    feeds = {level: [_copied(each, folder) for each in inputs] for level, inputs in planned.feeds.items()}
    job = BoardJob(replace(planned, files=files, inputs={}, feeds=feeds), protocol, repeats, retries, max_wait_seconds)
    for name, content in (("environment", to_plain(job)), ("configurations", to_plain(configurations))):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _copied(planned: PlannedInput, folder: Path) -> PlannedInput:
    """Copy the file that an input is filled from; return the plan that names the copy."""
    if planned.fill.file is None:
        return planned
    source = Path(planned.fill.file)
    # Files of two folders may have one name.
    name = f"{planned.fill.sha256[:12]}{source.suffix}"
    shutil.copyfile(source, folder / name)
    return replace(planned, fill=replace(planned.fill, file=name))


def _at_home(where: str, planned: PlannedInput, folder: Path) -> PlannedInput:
    """Return the plan with the path of its file in the board's folder. Raises UserError if it is not there."""
    name = planned.fill.file
    if name is None:
        return planned
    if Path(name).name != name or not (folder / name).is_file():
        raise UserError(f"{where}: input {planned.name}: there is no file {folder / Path(name).name}")
    return replace(planned, fill=replace(planned.fill, file=str(folder / name)))


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
    feeds = {
        level: [_at_home(environment_file, each, folder) for each in inputs]
        for level, inputs in job.environment.feeds.items()
    }
    records = bench.measure_environment(
        replace(job.environment, files=files, feeds=feeds),
        configurations,
        repeats=job.repeats,
        retries=job.retries,
        max_wait_seconds=job.max_wait_seconds,
        protocol=job.protocol,
        journal_path=Path(out),
        seed=job.environment.seed,
    )
    bench.require_success(records, job.environment.name, Path(out))
    good = sum(record["status"] == "ok" for record in records)
    print(f"{out}: {good} of {len(records)} measurements succeeded")


def load_external_journal(
    path: Path, environment: str, configurations: Mapping[str, Options], expected: int
) -> list[Measurement]:
    """Return from a journal that was written elsewhere the measurements of these configurations.

    A value is of one machine and one protocol: those of the pair with the most measurements that succeeded, and of
    equals the latest. Lines that were skipped and measurements that are missing are logged as warnings.

    Parameters
    ----------
    path
        The journal.
    environment
        Name of the environment.
    configurations
        Options by ``configuration_id``.
    expected
        How many measurements the study asks for, those after disturbed ones not counted.

    Raises
    ------
    UserError
        If the journal has no measurement of this environment, or one that cannot be.
    """
    content = journal.contents(path)
    if content.damaged:
        _LOG.warning("%s", journal.damage(path, content.damaged))
    matches = [
        record
        for record in journal.measurements(content.records).values()
        if record.get("environment") == environment and record["configuration_id"] in configurations
    ]
    if not matches:
        names = sorted({str(record.get("environment")) for record in filter(journal.is_measurement, content.records)})
        raise UserError(
            f"{path}: no measurement of the environment {environment} with a configuration of this study; found "
            f"environments: {', '.join(names) or 'none'}"
        )
    journal.check_options(path, matches, configurations)
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for record in matches:
        groups.setdefault((record["environment_digest"], record["protocol"]), []).append(record)

    def rank(group: list[Measurement]) -> tuple[int, str]:
        return sum(record["status"] == "ok" for record in group), max(record["started_at"] for record in group)

    best = max(groups.values(), key=rank)
    n_first = sum(record.get("attempt", 0) == 0 for record in best)
    if n_first < expected:
        _LOG.warning(
            "%s: %d of %d measurements of the environment %s are missing: measure the rest with the same command, or "
            "go on without them",
            path, expected - n_first, expected, environment,
        )  # fmt: skip
    return best


def check_fed(
    path: Path, records: Sequence[Measurement], environment: str, network: str, workload: Mapping[str, int]
) -> None:
    """Check that a journal that was written elsewhere is of inputs of the sizes that the sheet says now.

    Journals of earlier versions do not say what was fed.

    Parameters
    ----------
    path
        The journal.
    records
        Measurements from it, of one environment.
    environment
        Its name.
    network
        Name, import path or file of its network.
    workload
        Sizes of the inputs.

    Raises
    ------
    UserError
        If an input had another shape.
    """
    host = journal.hosts(journal.read(path)).get(records[0]["environment_digest"])
    if host is None or not host.get("fed"):
        return
    if networks.is_file(network):
        if not Path(network).is_file():
            # A file for each precision; what was measured on a board is elsewhere.
            return
        declared = networks.inputs(Path(network))
    else:
        declared = networks.declared_inputs(network)
    expected, _ = shapes(declared, workload)
    for fed in itertools.chain.from_iterable(host["fed"].values()):
        shape = expected.get(fed["name"], fed["shape"])
        if shape != fed["shape"]:
            raise UserError(
                f"{path}: environment {environment}: the input {fed['name']} had the shape {fed['shape']}; by the "
                f"environment sheet it has {shape}. Measure again, or correct the sheet"
            )


def _finite(text: str) -> float:
    """Read a number; what JSON has no number for, or what is too large, is not one."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def _read(expected: type[T], file: str) -> T:
    try:
        text = Path(file).read_text(encoding="utf-8")
        content = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: is not valid JSON: {error}") from error
    try:
        return from_plain(expected, content)
    except (TypeError, ValueError) as error:
        raise UserError(f"{file}: {error}; expected what the rule pack writes") from error
