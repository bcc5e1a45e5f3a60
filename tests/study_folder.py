"""Studies that run in the process of the tests: Snakemake says which jobs there are, and starts nothing."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clones import Clone
from tests_root import ROOT

from perftransfer.debug import Jobs, open_study

# Files that are written in place, by appending or over what they held: a link would change the other folder's as well.
WRITTEN_IN_PLACE = {".jsonl", ".log", ".yaml", ".tsv", ".json"}


@dataclass
class StudyFolder(Clone):
    """A folder with a study and its results, whose code is that of the working tree.

    Tests that edit the package, or that start processes of it which no test should disturb, take a ``Clone``.
    """

    configfile: str | None = "config/toy.yaml"

    @classmethod
    def create(cls, path: Path, configfile: str = "config/toy.yaml") -> StudyFolder:
        """Make the folder, with the project's own studies and spaces."""
        path.mkdir(parents=True)
        for name in ("Snakefile", "workflow", "profiles", "envs"):
            (path / name).symlink_to(ROOT / name)
        shutil.copytree(ROOT / "config", path / "config")
        return cls(path, configfile)

    def linked(self, path: Path) -> StudyFolder:
        """Return a copy in which tables and figures are hard links: made in no time, free to change and run again."""
        shutil.copytree(self.path, path, symlinks=True, copy_function=_link)
        return StudyFolder(path, self.configfile)

    def run(
        self,
        *targets: str,
        forcerun: tuple[str, ...] = (),
        until: tuple[str, ...] = (),
        config: Mapping[str, object] | None = None,
    ) -> Counter[str]:
        """Run the jobs that Snakemake would start, one after the other; return the rules, and how often each ran."""
        opened = open_study(self.path, self.configfile, targets=targets, forcerun=forcerun, until=until, config=config)
        with opened as jobs, jobs.lock():
            pending = jobs.pending()
            for job in pending:
                jobs.run(job)
            return _rules(jobs, pending)

    def would_run(self, *targets: str, config: Mapping[str, object] | None = None) -> Counter[str]:
        """Rules that a run would start now, and how often."""
        with open_study(self.path, self.configfile, targets=targets, config=config) as jobs:
            return _rules(jobs, jobs.pending())


def _rules(jobs: Jobs, pending: list) -> Counter[str]:
    return Counter(job.rule for job in pending if job.script is not None)


def _link(source: str, destination: str) -> None:
    path = Path(source)
    if path.suffix in WRITTEN_IN_PLACE or ".snakemake" in path.parts:
        shutil.copy2(source, destination)
    else:
        os.link(source, destination)
