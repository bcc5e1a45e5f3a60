"""Read a study: its file, its environment sheet, and which published tables are available."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from perftransfer import yaml_file
from perftransfer.dataset import published
from perftransfer.errors import UserError
from perftransfer.study import checks, command_line, sheet
from perftransfer.study.facts import Study, published_file
from perftransfer.study.long_tables import with_environments
from perftransfer.study.machine import quota_remark, usable_cpus
from perftransfer.study.validation import validate

#: Folder for published files that are fetched.
DOWNLOADS = Path("results/downloads")


def read_study(
    config: Mapping[str, object],
    files: Sequence[Path | str],
    downloads: Path = DOWNLOADS,
    *,
    check_networks: bool = True,
) -> Study:
    """Check a study that Snakemake has read.

    Parameters
    ----------
    config
        What Snakemake read from the files, and from its command line.
    files
        The study's files; paths in them are relative to the working directory.
    downloads
        Folder for published files that are fetched because a column of theirs names the environments.
    check_networks
        Whether files of networks are read to see whether they take what the sheet says. A job does without: they may
        have gigabytes, and the process that started it has read them.

    Raises
    ------
    UserError
        Lists everything that is wrong.
    """
    # Snakemake has read the files, too, but silently keeps the last of duplicate keys.
    contents = [yaml_file.read(Path(file)) for file in files]
    names = [os.path.relpath(file) for file in files]
    where = ", ".join(names) or "command line"
    if not config:
        raise UserError(f"{where}: the study is empty")
    read = [yaml_file.read_version_1_1(Path(file)) for file in files]
    content = command_line.typed(config, contents, read)
    sections = with_environments(validate(content, where), where, downloads)
    rows = sheet.read(Path(sections.environments)) if sections.environments else []
    commands = command_line.commands(content, contents, names)
    study = Study(sections, _without_duplicates(rows, sections.hardware), where, commands)
    return _checked(study, check_networks=check_networks)


def with_available_imports(study: Study, downloads: Path) -> Study:
    """Fetch the published tables that are not available locally; return the study of those that are available then.

    Tables that were imported already are not needed any more.

    Parameters
    ----------
    study
        The study.
    downloads
        Folder for the files that are fetched.

    Raises
    ------
    UserError
        If a table is not available, unless the study says to leave its environments out, or if its content is not what
        the study says.
    """
    files = {
        name: published_file(environment)
        for name, (_, environment) in study.imports.items()
        if not Path(f"{study.results}/imported/{name}.parquet").exists()
    }
    problems = published.unavailable(files.values(), downloads)
    if not problems:
        return study
    if study.sections.missing == "stop":
        advice = (
            f"{len(problems)} of {len(study.imports)} published environments are not available. Set DATASETS "
            "to a folder that holds the files, or leave them out: missing: leave_out in the study, or --config "
            "missing=leave_out (make CONFIG=missing=leave_out)"
        )
        raise UserError("\n".join([*(f"{study.where}: {line}" for line in problems.values()), advice]))
    left_out = [name for name, file in files.items() if file.name in problems]
    for name in left_out:
        print(f"The environment {name} is left out: {problems[files[name].name]}", file=sys.stderr)
    study = Study(study.sections, list(study.rows.values()), study.where, study.commands, left_out)
    return _checked(study, check_networks=False)


def _checked(study: Study, *, check_networks: bool) -> Study:
    if problems := checks.problems(study, check_networks=check_networks):
        raise UserError("\n".join(problems))
    return study


def _without_duplicates(
    rows: Sequence[sheet.EnvironmentRow], other_hardware: Collection[str]
) -> list[sheet.EnvironmentRow]:
    """Leave out rows that are the same as another row on this machine, and print which: on 1 core, "all" is 1 core.

    other_hardware: names of hardware that is not this machine's.
    """
    usable = usable_cpus()
    unique: dict[tuple[object, ...], sheet.EnvironmentRow] = {}
    for row in rows:
        if row.simulated or row.hardware in other_hardware:
            unique[(row.environment,)] = row
            continue
        cores = usable if row.cores == "all" else int(row.cores)
        same = unique.setdefault((*row.same_but_cores(), cores), row)
        if same is not row:
            print(
                f"{usable} core{'s' if usable > 1 else ''} can be used on this machine{quota_remark()}: the "
                f"environment {row.environment} would be the same as {same.environment}, and is left out.",
                file=sys.stderr,
            )
    return list(unique.values())
