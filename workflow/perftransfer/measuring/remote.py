"""Measuring on a board without Snakemake: what travels there and back, as plain JSON.

There: a folder with ``environment.json``, ``configurations.json`` and the network's files. Back: the journal.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from perftransfer import package_path
from perftransfer.errors import UserError
from perftransfer.measuring import bench, journal, networks
from perftransfer.measuring.engines.interface import Options
from perftransfer.measuring.protocol import Protocol

_HOW = ("repeats", "retries", "protocol")


def pack(
    folder: Path,
    environment: bench.Environment,
    configurations: Mapping[str, Options],
    *,
    protocol: Protocol,
    repeats: int,
    retries: int,
) -> None:
    """Write what a board needs into ``folder``; the network's files are copied beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for precision, path in environment.files.items():
        source = Path(path)
        files[precision] = source.name
        for file in networks.files_of(source):
            copy = folder / file.relative_to(source.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    description = {**asdict(environment), "workload": dict(environment.workload), "files": files}
    what = {"environment": description, "protocol": asdict(protocol), "repeats": repeats, "retries": retries}
    for name, content in (("environment", what), ("configurations", {k: dict(v) for k, v in configurations.items()})):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def measure(environment_file: str, configurations_file: str, out: str) -> None:
    """Measure what two files of ``pack`` ask for, into the journal ``out``.

    Raises UserError if a file cannot be read, is no JSON, or lacks something.
    """
    package_path.export()
    what, configurations = _read(environment_file), _read(configurations_file)
    try:
        described, protocol = dict(what["environment"]), Protocol(**what["protocol"])
        repeats, retries = int(what["repeats"]), int(what["retries"])
        folder = Path(environment_file).parent
        described["files"] = {precision: str(folder / name) for precision, name in described["files"].items()}
        environment = bench.Environment(**described)
        seed = environment.seed
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        known = ", ".join(field.name for field in fields(bench.Environment))
        raise UserError(
            f"{environment_file}: {type(error).__name__} {error}; expected {', '.join(_HOW)} and environment, in "
            f"which {known}"
        ) from error
    missing = [path for path in environment.files.values() if not Path(path).is_file()]
    if missing:
        raise UserError(f"{environment_file}: there is no file {missing[0]}")
    records = bench.measure_environment(
        environment,
        configurations,
        repeats=repeats,
        retries=retries,
        protocol=protocol,
        journal_path=Path(out),
        seed=seed,
    )
    good = sum(record["status"] == "ok" for record in records)
    print(f"{out}: {good} of {len(records)} measurements succeeded")


def load_external_journal(path: Path, environment: str, configurations: Collection[str]) -> list[journal.Record]:
    """Return from a journal that was written elsewhere the measurements of these configurations.

    A value is of one machine and one protocol: those of the pair with the most measurements that succeeded, and of
    equals the latest.

    Raises UserError if the journal has none of this environment.
    """
    records = journal.read(path)
    own = [
        record
        for record in journal.measurements(records).values()
        if record.get("environment") == environment and record["configuration_id"] in configurations
    ]
    if not own:
        names = sorted({str(record.get("environment")) for record in records if record.get("record") == "measurement"})
        raise UserError(
            f"{path}: no measurement of the environment {environment} with a configuration of this study; found "
            f"environments: {', '.join(names) or 'none'}"
        )
    of: dict[tuple[str, str], list[journal.Record]] = {}
    for record in own:
        of.setdefault((record["environment_digest"], record["protocol"]), []).append(record)

    def worth(group: list[journal.Record]) -> tuple[int, str]:
        return sum(r["status"] == "ok" for r in group), max(str(r["started_at"]) for r in group)

    return max(of.values(), key=worth)


def _read(file: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{file}: not JSON: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"{file}: expected a JSON object")
    return content
