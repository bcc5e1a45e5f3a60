"""Which files the jobs of a rule read, as functions of its wildcards."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from perftransfer import shipped
from perftransfer.study.facts import Study
from perftransfer.study.reading import DOWNLOADS


class Wildcards(Protocol):
    """What Snakemake hands to a function of a rule; each rule has some of these."""

    environment: str
    space: str
    strategy: str


class Inputs:
    """Input functions of the rules, and lists of files that do not depend on a wildcard."""

    def __init__(self, study: Study, downloads: Path = DOWNLOADS) -> None:
        self._study = study
        self._downloads = downloads

    def configurations(self, wildcards: Wildcards) -> str:
        """Configurations to measure in an environment."""
        return self._space_file("configurations", wildcards)

    def candidates(self, wildcards: Wildcards) -> str:
        """Configurations that may be recommended in a target."""
        return self._space_file("spaces", wildcards)

    def space(self, wildcards: Wildcards) -> str:
        """Option space of an environment, as its user wrote it."""
        return str(self._study.space_file(self._study.space_of(wildcards.environment)))

    def space_file(self, wildcards: Wildcards) -> str:
        """Option space by its name."""
        return str(self._study.space_file(wildcards.space))

    def networks(self, wildcards: Wildcards) -> list[str]:
        """Files of the network that is measured in an environment."""
        return self._study.network_files(wildcards.environment)

    def has_own_network(self, wildcards: Wildcards) -> bool:
        """Whether the network of an environment is a user's file, which no rule writes."""
        return self._study.rows[wildcards.environment].own_network

    def board_networks(self, wildcards: Wildcards) -> list[str]:
        """Files of the network that a board needs."""
        return self._study.board_network_files(wildcards.environment)

    def external_journal(self, wildcards: Wildcards) -> list[str]:
        """Journal that was written elsewhere; none for an environment that is measured here."""
        return self._study.external_journal(wildcards.environment)

    def journal(self, wildcards: Wildcards) -> str:
        """Journal of an environment: no input of a rule and no output, but where its job reads and writes."""
        return self._study.journal(wildcards.environment)

    def confirmation_journal(self, wildcards: Wildcards) -> str:
        """Journal of what is recommended, which is measured again even if the environment's own journal holds it."""
        return f"{self._study.results}/journal/{wildcards.environment}.confirmation.jsonl"

    def cell_store(self, wildcards: Wildcards) -> str:
        """Folder of kept cells of a strategy: no input of a rule and no output, but where its jobs read and write."""
        return f"{self._study.results}/cells/{wildcards.strategy}"

    def influence(self, wildcards: Wildcards) -> list[str]:
        """Table of influence, where a strategy's design asks which options matter in a source."""
        needed = self._study.needs_influence(wildcards.strategy)
        return [f"{self._study.results}/influence.parquet"] if needed else []

    def target_model(self, wildcards: Wildcards) -> dict[str, str | list[str]]:
        """Return what a target is modelled from: its space, and all that is known of its sources."""
        return {
            "candidates": self.candidates(wildcards),
            "space": self.space(wildcards),
            "influence": f"{self._study.results}/influence.parquet",
            "measured": self.measurements,
            "imported": self.imports,
        }

    @property
    def measurements(self) -> list[str]:
        """Measurements of all environments that are measured in full."""
        return self._files("measurements", self._study.measured)

    @property
    def sentinels(self) -> list[str]:
        """Measurements of the sentinel configurations of these environments."""
        return self._files("sentinels", self._study.measured)

    @property
    def imports(self) -> list[str]:
        """Published environments."""
        return self._files("imported", self._study.imported)

    def imports_of(self, import_name: str) -> list[str]:
        """Published environments of one of the study's ``imports``."""
        return self._files("imported", self._study.environments_of_import(import_name))

    def unverified_files(self, import_name: str) -> list[str]:
        """Files of an import whose content the study does not say: a change of one imports its environments again."""
        files = [file for file in self._study.published_files(import_name) if file.sha256 is None]
        return [str(file.locate(self._downloads)) for file in files]

    def target_tables(self, table: str) -> list[str]:
        """A table of each target."""
        return [f"{self._study.results}/targets/{name}/{table}.parquet" for name in self._study.targets]

    @property
    def confirmations(self) -> list[str]:
        """What was measured of the recommendations."""
        return [f"{self._study.results}/targets/{name}/confirmation.parquet" for name in self._study.confirmed]

    @property
    def recommendation(self) -> list[str]:
        """Recommendations of all targets, if there are any."""
        return [f"{self._study.results}/recommendation.parquet"] if self._study.targets else []

    @property
    def templates(self) -> list[str]:
        """Templates of the report."""
        return [str(shipped.named(path)) for path in sorted(shipped.templates().glob("*.jinja"))]

    def _space_file(self, folder: str, wildcards: Wildcards) -> str:
        return f"{self._study.results}/{folder}/{self._study.space_of(wildcards.environment)}.parquet"

    def _files(self, folder: str, environments: Collection[str]) -> list[str]:
        return [f"{self._study.results}/{folder}/{name}.parquet" for name in environments]
