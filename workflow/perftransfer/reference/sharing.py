"""Pass measurements on: one file with what is known of its environments, and nothing about who measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from perftransfer import yaml_file
from perftransfer.dataset import tables
from perftransfer.dataset.merge import common_schema
from perftransfer.dataset.option_column import texts
from perftransfer.errors import UserError
from perftransfer.fitting.noise import spreads
from perftransfer.measuring import networks
from perftransfer.measuring.feed import sizes
from perftransfer.reference import known
from perftransfer.reference.known import EnvironmentFacts, KnownEnvironment
from perftransfer.space.options import INACTIVE, Option, configuration_ids

if TYPE_CHECKING:
    from perftransfer.measuring.networks._profile import NetworkProfile

#: Columns of a shared file before the options. No times of day and no messages: the latter may hold paths.
COLUMNS = (
    "environment", "configuration_id", "repeat", "status", "disturbed", "latency_ms", "latency_ms_p10",
    "latency_ms_p50", "latency_ms_p90", "latency_ms_p99", "latency_ms_n", "throughput_per_s", "relative_ci", "open_ms",
    "peak_memory_mib", "energy_mj",
)  # fmt: skip
_VALUES = ("latency_ms", "peak_memory_mib", "energy_mj", "throughput_per_s")
# A source of fewer configurations tells little.
_FEW = 8
# Share of disturbed measurements, and coefficient of variation of fresh processes, beyond which values mislead.
_DISTURBED, _NOISY = 0.2, 0.25


def share(results: Path, out: Path) -> list[KnownEnvironment]:
    """Write the measurements of a study into one file, without host name, user and paths.

    Parameters
    ----------
    results
        Folder of a study, ``results/NAME``.
    out
        Parquet file to write.

    Returns
    -------
    list of KnownEnvironment
        What the file holds.

    Raises
    ------
    UserError
        If it is no folder of a study, or nothing was measured in it.
    """
    path = results / "study.yaml"
    if not path.is_file():
        raise UserError(f"{results}: not the folder of a study: there is no {path.name}")
    study: Mapping[str, Any] = yaml_file.read(path)
    frames, schemas, facts = [], [], {}
    for description in [*study["environments"], *study.get("targets", [])]:
        name = str(description["environment"])
        file = _measurements(results, name)
        if description.get("kind") == "measured" and description["engine"] != "simulated" and file is not None:
            frames.append(tables.read(file).assign(environment=name))
            schemas.append(tables.options(file))
            facts[name] = _facts(results, description, file)
    if not frames:
        raise UserError(f"{results}: nothing was measured in this study")
    options = common_schema(schemas)
    columns = [option.name for option in options]
    rows = [frame.reindex(columns=[*COLUMNS, *columns]) for frame in frames]
    table = pd.concat(rows, ignore_index=True).assign(
        disturbed=lambda all_: all_["disturbed"].fillna(False).astype(bool)
    )
    # As text, whatever its type is in one environment: an option may be inactive in another one.
    table[columns] = table[columns].apply(texts)
    tables.write(out, table.dropna(axis=1, how="all"), options=options, metadata={known.ENVIRONMENTS: facts})
    return known.read(out)


def _measurements(results: Path, environment: str) -> Path | None:
    places = (results / f"measurements/{environment}.parquet", results / f"targets/{environment}/measurements.parquet")
    return next((path for path in places if path.is_file()), None)


def _facts(results: Path, description: Mapping[str, Any], file: Path) -> EnvironmentFacts:
    metadata = tables.metadata(file)
    host, network = json.loads(metadata["host"]), str(description["network"])
    own = {"batch": description.get("batch"), "image_px": description.get("image_px")}
    workload = {name: int(size) for name, size in own.items() if size is not None}
    workload |= {name: int(size) for name, _, size in (one.partition("=") for one in description["sizes"].split())}
    cores = description["cores"]
    measured = tables.read(file, ["started_at"])["started_at"].dropna()
    cost = _cost(results, network, workload)
    return EnvironmentFacts(
        engine=str(description["engine"]),
        engine_version=next(iter(host["versions"].values()), ""),
        # Of a user's file, the name alone.
        network=Path(network).stem,
        parameters=cost.parameters if cost else None,
        operations=cost.operations if cost else None,
        shares=cost.shares if cost else {},
        workload=workload,
        cores=int(host["usable_cpus"] if cores == "all" else cores),
        processor=host["processor"],
        instruction_sets=host["instruction_sets"],
        cpus=host["cpus"],
        memory_gib=host["memory_gib"],
        virtual_machine=host["virtual_machine"],
        system=host["system"],
        protocol=json.loads(metadata["protocol"]),
        measured_on=min(measured)[:10] if len(measured) else "",
    )


def _cost(results: Path, network: str, workload: Mapping[str, int]) -> NetworkProfile | None:
    """Return what an inference of the network costs; None if its file is not at hand."""
    from perftransfer.measuring.networks._profile import profile

    own = networks.is_file(network)
    file = Path(network) if own else results / f"networks/{network}.{networks.DEFAULT_PRECISIONS['onnx']}.onnx"
    if not file.is_file() or file.suffix != ".onnx":
        return None
    return profile(file, sizes.shapes(networks.inputs(file), workload)[0])


def problems(file: Path, others: Iterable[KnownEnvironment] = ()) -> list[str]:
    """Check a file of measurements before it is used or passed on.

    Parameters
    ----------
    file
        Parquet file.
    others
        Environments that are known already.

    Returns
    -------
    list of str
        A line for each problem; empty if there is none.

    Raises
    ------
    UserError
        If it cannot be read as a file of measurements at all.
    """
    there = {one.name: one for one in known.read(file)}
    frame, options = tables.read(file), tables.options(file)
    lacking = [name for name in ("environment", "configuration_id", *(o.name for o in options)) if name not in frame]
    if lacking or not set(_VALUES) & set(frame):
        return [f"columns are missing: {', '.join(lacking) or 'none of ' + ', '.join(_VALUES)}"]
    out = [f"environment {name}: nothing is said of it" for name in sorted({*frame["environment"]} - there.keys())]
    out += [f"environment {name}: has no rows" for name in sorted(there.keys() - {*frame["environment"]})]
    out += [f"column {name}: rows name {word!r}, which looks like a path" for name, word in _paths(frame)]
    for name, rows in frame.groupby("environment", sort=True):
        where = f"environment {name}"
        out += [f"{where}: {problem}" for problem in _of_environment(rows, options)]
        if name in there:
            out += [f"{where}: the same as {other}" for other in _same(there[str(name)], others)]
    return out


def _of_environment(rows: pd.DataFrame, options: Sequence[Option]) -> Iterator[str]:
    levels = {option.name: texts(rows[option.name]) for option in options}
    for option in options:
        allowed = {*texts(pd.Series(list(option.levels), dtype=object)), INACTIVE}
        strange = sorted(set(levels[option.name]) - allowed)
        if strange:
            yield f"option {option.name} has the level {strange[0]!r}, which its schema does not have"
    pairs = pd.DataFrame({"given": rows["configuration_id"], "by_options": configuration_ids(levels)})
    pairs = pairs.drop_duplicates()
    if pairs["given"].duplicated().any() or pairs["by_options"].duplicated().any():
        yield "rows with the same configuration_id have other options, or the other way round"
    ok = rows["status"].eq("ok") if "status" in rows else pd.Series(True, index=rows.index)
    for column in set(_VALUES) & set(rows):
        values = rows.loc[ok, column]
        wrong = values.notna() & ~(values.gt(0) & values.lt(float("inf")))
        if wrong.any():
            yield f"{column}: {int(wrong.sum())} of {len(values)} values are not above 0 and finite"
    if "latency_ms" in rows and rows.loc[ok, "latency_ms"].isna().any():
        yield f"latency_ms: {int(rows.loc[ok, 'latency_ms'].isna().sum())} successful measurements have no value"
    n = rows["configuration_id"].nunique()
    if n < _FEW:
        yield f"has {n} configurations; fewer than {_FEW} tell little"
    if "disturbed" in rows and rows["disturbed"].mean() > _DISTURBED:
        yield f"{100 * rows['disturbed'].mean():.0f} % of its measurements were disturbed by other processes"
    if "latency_ms" in rows:
        groups = rows[ok].groupby("configuration_id")["latency_ms"]
        repeated = pd.DataFrame({"latency_ms_cv": groups.std(ddof=1) / groups.mean(), "latency_ms_n": groups.size()})
        noise = spreads(repeated, "latency_ms")["cv"].median()
        if noise > 100 * _NOISY:
            yield f"processes of one configuration differ by {noise:.0f} % (coefficient of variation)"


def _paths(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    for name in frame.select_dtypes(include=["object", "string"]):
        for word in frame[name].dropna().unique():
            if isinstance(word, str) and ("/" in word or "\\" in word):
                yield str(name), word
                break


def _same(one: KnownEnvironment, others: Iterable[KnownEnvironment]) -> Iterator[str]:
    keys = ("engine", "engine_version", "network", "workload", "cores", "processor", "measured_on")
    for other in others:
        if all(one.facts[key] == other.facts[key] for key in keys):  # type: ignore[literal-required]
            yield f"{other.name} in {other.file.name}"
