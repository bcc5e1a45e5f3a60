"""Known environments: what is said of them in the files that hold their measurements, and which resemble a target."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.plain import from_plain
from perftransfer.space.options import Option

#: Key of the metadata of a file of measurements, under which the facts about its environments are.
ENVIRONMENTS = "environments"


class EnvironmentFacts(TypedDict):
    """What is known of an environment beside its measurements; None and empty where unknown.

    network: its name. operations: multiply-adds of an inference. shares: of these, by kind of operator. workload: sizes
    of the input. processor, instruction_sets, cpus, memory_gib, system: of the machine. cores: those measured on.
    measured_on: day (UTC) of the first measurement. protocol: how an inference counts.
    """

    engine: str
    engine_version: str
    network: str
    parameters: int | None
    operations: int | None
    shares: Mapping[str, float]
    workload: Mapping[str, int]
    cores: int
    processor: str
    instruction_sets: Sequence[str]
    cpus: int
    memory_gib: float | None
    virtual_machine: bool
    system: str
    protocol: str
    measured_on: str


@dataclass(frozen=True)
class KnownEnvironment:
    """An environment of a file of measurements.

    Parameters
    ----------
    name
        Its name in the file.
    file
        Parquet file, one row per process.
    facts
        What is known of it.
    options
        Schema of the file's options.
    """

    name: str
    file: Path
    facts: EnvironmentFacts
    options: Sequence[Option]


def read(file: Path) -> list[KnownEnvironment]:
    """Return the environments of a file of measurements.

    Raises UserError if the file is not one.
    """
    metadata, options = tables.metadata(file), tables.options(file)
    if ENVIRONMENTS not in metadata:
        raise UserError(f"{file}: says nothing of its environments; `perftransfer share` writes such files")
    facts = from_plain(dict[str, EnvironmentFacts], json.loads(metadata[ENVIRONMENTS]), str(file))
    return [KnownEnvironment(name, file, each, options) for name, each in facts.items()]


def read_all(places: Iterable[Path]) -> list[KnownEnvironment]:
    """Return the environments of files, and of all Parquet files in folders, sorted by name of the file.

    Raises UserError if there is no such place, or a file is not one of measurements.
    """
    out = []
    for place in places:
        if not place.exists():
            raise UserError(f"sources: there is no file or folder {place}")
        files = sorted(place.rglob("*.parquet")) if place.is_dir() else [place]
        if not files:
            raise UserError(f"sources: no Parquet file in {place}")
        out += [environment for file in files for environment in read(file)]
    return out


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def closest(known: Iterable[KnownEnvironment], target: EnvironmentFacts, n: int) -> list[KnownEnvironment]:
    """Return the known environments of the target's engine that resemble it most, the most similar one first.

    By what can be known before anything is measured: which operators take the work, how much of it there is, whether
    one core or several do it, the machine. How much each counts is a judgement, not an estimate: sources only have to
    be better than others, and the search leaves them behind if measurements contradict them.
    """
    same = [one for one in known if one.facts["engine"] == target["engine"]]
    return sorted(same, key=lambda one: (distance(one.facts, target), one.name))[:n]


def distance(a: EnvironmentFacts, b: EnvironmentFacts) -> float:
    """Return how unlike two environments are; 0 for the same network on the same machine.

    The terms, each of about 1 for what makes another behaviour likely: the share of work by other kinds of operators;
    a factor of 10 in operations; one core against several; and half as much for an instruction set that one lacks, and
    for another version of the engine.
    """
    kinds = {*a["shares"], *b["shares"]}
    out = sum(abs(a["shares"].get(kind, 0.0) - b["shares"].get(kind, 0.0)) for kind in kinds)
    if a["operations"] and b["operations"]:
        out += abs(math.log10(a["operations"] / b["operations"]))
    out += (a["cores"] == 1) != (b["cores"] == 1)
    out += 0.5 * (_has_wide_vectors(a) != _has_wide_vectors(b)) + 0.5 * (a["engine_version"] != b["engine_version"])
    return out


def _has_wide_vectors(facts: EnvironmentFacts) -> bool:
    """Whether the machine has vectors of 512 bits, with which 8-bit integers are fast."""
    return any(name.startswith("avx512") for name in facts["instruction_sets"])
