"""The environment sheet: one row per environment, tab-separated."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from perftransfer import yaml_file
from perftransfer.errors import UserError, unknown
from perftransfer.measuring import engines, hardware, networks
from perftransfer.measuring.feed.fill import Fill
from perftransfer.measuring.feed.fill import parse as parse_fills

COLUMNS = ("environment", "hardware", "emulated", "cores", "engine", "network", "space", "batch", "image_px")
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
#: Columns that may be missing.
OPTIONAL = ("sizes", "inputs", "settings", "measurements", "role", "budget", "goal")
#: What an environment is for: measured in full, or with a handful of measurements.
ROLES = ("source", "target")
#: What stands for the precision in the paths of a set of files.
PRECISION = "{precision}"
_TRUTH = {"yes": True, "no": False}
_SIMULATED = "simulated"
# Stands for nothing, as an empty cell does, in these columns and those that may be missing.
_NOTHING, _MAY_BE_NOTHING = "-", ("batch", "image_px")
_MAX_DIGITS = 9
# Names of free dimensions may have blanks in them: past_sequence_length + 1=5 batch-size=2.
_SIZE = re.compile(rf"\s*([^=]+?)\s*=\s*([0-9]{{1,{_MAX_DIGITS}}})(?:\s+|$)")


@dataclass(frozen=True)
class EnvironmentRow:
    """An environment to be measured.

    cores: a number, or "all". network: name of a built-in one, import path of a user's own class, path of an ONNX or
    GGUF file, or paths of a set of files with ``{precision}`` in place of their precisions. engine: name, or import
    path. batch: inputs per inference, None ("-") for a network without a batch. image_px: their size, None ("-") where
    they are no images. sizes: of further free dimensions, ``name=number``. inputs: how they are filled, as YAML in one
    line (``{ids: {range: [0, 30522]}}``). settings: of the hardware (``measuring.hardware.parse``). measurements: file
    of measurements that were made elsewhere, by ``perftransfer measure``; "" for an environment that is measured here.
    role: one of ``ROLES``. budget: how many configurations are measured in a target; None for a source. goal: of a
    target, as YAML in one line (``{minimize: latency_ms, fixed: {precision: fp32}}``); "" for that of the study.
    """

    environment: str
    hardware: str
    emulated: bool
    cores: int | str
    engine: str
    network: str
    space: str
    batch: int | None
    image_px: int | None
    sizes: str = ""
    inputs: str = ""
    settings: str = ""
    measurements: str = ""
    role: str = "source"
    budget: int | None = None
    goal: str = ""

    @property
    def workload(self) -> dict[str, int]:
        """Sizes of the input by the names that free dimensions of a network have."""
        sizes = {"batch": self.batch, "image_px": self.image_px, **dict(_sizes(self.sizes) or ())}
        return {name: size for name, size in sizes.items() if size is not None}

    @property
    def fills(self) -> dict[str, Fill]:
        """How inputs of the network are filled, by their names, where the sheet says so."""
        return parse_fills(yaml_file.parse(self.inputs))

    @property
    def own_network(self) -> bool:
        """Whether the network is a file of the user's."""
        return networks.is_file(self.network)

    @property
    def has_file_per_precision(self) -> bool:
        """Whether the network is a set of files of the user's, one for each precision."""
        return self.own_network and PRECISION in self.network

    @property
    def simulated(self) -> bool:
        """Whether its engine computes latencies by a formula, and reads no network."""
        return self.engine == _SIMULATED

    def same_but_cores(self) -> tuple[object, ...]:
        """Return what two rows have in common that differ only in name, cores and emulation."""
        return (
            self.hardware, self.engine, self.network, self.space, self.batch, self.image_px, self.sizes, self.inputs,
            self.settings, self.measurements,
        )  # fmt: skip


def read(path: Path) -> list[EnvironmentRow]:
    """Read the sheet.

    Raises UserError that lists all problems, by line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text: {error}") from error
    lines = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip() and line[0] != "#"]
    if not lines:
        raise UserError(f"{path}: is empty; expected the columns {', '.join(COLUMNS)}, separated by tabs")
    rows = list(csv.reader((line for _, line in lines), delimiter="\t", quoting=csv.QUOTE_NONE))
    header, problems = rows[0], []
    for column in header:
        if column not in COLUMNS + OPTIONAL:
            problems.append(unknown(f"{path}: line {lines[0][0]}", "column", column, COLUMNS + OPTIONAL))
    for column in COLUMNS:
        if column not in header:
            problems.append(f"{path}: line {lines[0][0]}: the column {column} is missing")
    for column in sorted({column for column in header if header.count(column) > 1}):
        problems.append(f"{path}: line {lines[0][0]}: duplicate column {column}")
    if problems:
        raise UserError("\n".join(problems))
    out: list[EnvironmentRow] = []
    seen: dict[str, int] = {}
    for (number, _), cells in zip(lines[1:], rows[1:], strict=True):
        where = f"{path}: line {number}"
        if len(cells) != len(header):
            problems.append(f"{where}: found {len(cells)} cells, expected {len(header)}, separated by tabs")
            continue
        row, wrong = _row(where, {name: _content(name, cell) for name, cell in zip(header, cells, strict=True)})
        problems += wrong
        if row is None:
            continue
        if row.environment in seen:
            problems.append(f"{where}: duplicate environment {row.environment}, also in line {seen[row.environment]}")
        seen.setdefault(row.environment, number)
        out.append(row)
    if problems:
        raise UserError("\n".join(problems))
    return out


def _row(where: str, cells: dict[str, str]) -> tuple[EnvironmentRow | None, list[str]]:
    problems = []
    name, engine = cells["environment"], cells["engine"]
    if not NAME.fullmatch(name):
        problems.append(
            f"{where}: environment: found {name!r}, allowed: at most 100 lower-case letters, digits and _ . -"
        )
    problems += _missing(where, "engine", engines.CATALOGUE.check, engine)
    if (engine == _SIMULATED) != name.startswith(_SIMULATED):
        problems.append(
            f"{where}: environment: found {name!r} with engine {engine!r}; environments of that "
            f"engine, and no others, have names that start with {_SIMULATED}, so that they are recognised everywhere"
        )
    network = cells["network"]
    if networks.is_file(network):
        # Which files of a set there have to be, the option space says (checks.py).
        if PRECISION not in network and not _is_file(network):
            problems.append(f"{where}: network: there is no file {network}")
    elif engine != _SIMULATED:
        problems += _missing(where, "network", networks.CATALOGUE.check, network)
    if cells["emulated"] not in _TRUTH:
        problems.append(unknown(f"{where}: emulated", "answer", cells["emulated"], _TRUTH))
    cores = cells["cores"]
    if cores != "all" and not _positive(cores):
        problems.append(f"{where}: cores: found {cores!r}, allowed: all, or a number from 1")
    problems += _problems_of_sizes(where, cells.get("sizes", ""))
    for column in _MAY_BE_NOTHING:
        if cells[column] and not _positive(cells[column]):
            problems.append(f"{where}: {column}: found {cells[column]!r}, allowed: a number from 1, or {_NOTHING}")
    try:
        parse_fills(yaml_file.parse(cells.get("inputs", "")))
    except UserError as error:
        problems += [f"{where}: {line}" for line in str(error).splitlines()]
    if not NAME.fullmatch(cells["space"]):
        problems.append(f"{where}: space: found {cells['space']!r}, expected the name of a file in config/spaces")
    try:
        hardware.parse(cells.get("settings", ""))
    except UserError as error:
        problems.append(f"{where}: {error}")
    if cells.get("measurements") and not _is_file(cells["measurements"]):
        problems.append(f"{where}: measurements: there is no file {cells['measurements']}")
    role, budget = cells.get("role") or ROLES[0], cells.get("budget", "")
    if role not in ROLES:
        problems.append(unknown(f"{where}: role", "role", role, ROLES))
    if role == "target" and not _positive(budget):
        problems.append(
            f"{where}: budget: found {budget!r}; a target has a number of configurations to measure, from 1"
        )
    elif role == "source" and budget:
        problems.append(f"{where}: budget: found {budget!r}; only a target (role) has a budget")
    if role == "source" and cells.get("goal"):
        problems.append(f"{where}: goal: found {cells['goal']!r}; only a target (role) has a goal")
    if problems:
        return None, problems
    row = EnvironmentRow(
        environment=name,
        hardware=cells["hardware"],
        emulated=_TRUTH[cells["emulated"]],
        cores=cores if cores == "all" else int(cores),
        engine=engine,
        network=cells["network"],
        space=cells["space"],
        batch=int(cells["batch"]) if cells["batch"] else None,
        image_px=int(cells["image_px"]) if cells["image_px"] else None,
        **{name: cells.get(name, "") for name in ("sizes", "inputs", "settings", "measurements", "goal")},
        role=role,
        budget=int(budget) if budget else None,
    )
    return row, []


def _content(column: str, cell: str) -> str:
    """Return what a cell holds, "" for nothing."""
    text = cell.strip()
    return "" if text == _NOTHING and column in OPTIONAL + _MAY_BE_NOTHING else text


def _sizes(text: str) -> list[tuple[str, int]] | None:
    """Return names and sizes of free dimensions; None if the text is something else."""
    out, position = [], 0
    while position < len(text):
        match = _SIZE.match(text, position)
        if match is None:
            return None
        out.append((match[1], int(match[2])))
        position = match.end()
    return out


def _problems_of_sizes(where: str, text: str) -> list[str]:
    sizes = _sizes(text)
    if sizes is None:
        return [f"{where}: sizes: found {text!r}, expected free dimensions and their sizes: sequence=128"]
    problems, names = [], [name for name, _ in sizes]
    for name, size in sizes:
        if name in COLUMNS:
            problems.append(f"{where}: sizes: found {name}={size}; give it in the column {name}")
        if size < 1:
            problems.append(f"{where}: sizes: found {name}={size}, allowed: a number from 1")
    duplicates = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return problems + [f"{where}: sizes: duplicate dimension {name}" for name in duplicates]


def _missing(where: str, column: str, check: Callable[[str], None], name: str) -> list[str]:
    """Return the problem of an engine or network, by name or import path, that does not exist; empty if it does."""
    try:
        check(name)
    except UserError as error:
        return [f"{where}: {column}: {str(error).removeprefix(f'{column}: ')}"]
    return []


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except OSError:
        # Not even a name that a file may have.
        return False


def _positive(text: str) -> bool:
    # Longer ones are no sizes, and Python refuses to convert very long ones.
    return text.isdecimal() and len(text) <= _MAX_DIGITS and int(text) >= 1
