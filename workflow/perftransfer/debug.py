"""The command ``python -m perftransfer.debug``: run one rule's script in this process.

Breakpoints stop and exceptions keep their traceback, since no process stands between the debugger and the script.
Snakemake itself lists the jobs with their input, output and parameters. Tests run whole studies this way.
"""

from __future__ import annotations

import argparse
import copy
import logging
import os
import pdb
import runpy
import shlex
import sys
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import threadpoolctl
from snakemake.api import ExecutorPluginRegistry, SnakemakeApi
from snakemake.exceptions import WorkflowError
from snakemake.iocontainers import Snakemake
from snakemake.settings import types as settings
from snakemake.target_jobs import TargetSpec

from perftransfer.errors import UserError, unknown

# What Snakemake sets to a job's threads before it starts the script.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


@dataclass(frozen=True)
class Job:
    """One job of a study.

    Parameters
    ----------
    rule : str
        Name of the rule.
    wildcards : Mapping of str to str
        Value of each wildcard of the rule.
    script : Path or None
        The rule's script; None for a rule that only collects files.
    """

    rule: str
    wildcards: Mapping[str, str]
    script: Path | None
    # Snakemake is not typed.
    _job: Any

    @property
    def input(self) -> list[Path]:
        """Files that the job reads, relative to the study's folder."""
        return [Path(file) for file in self._job.input]

    @property
    def output(self) -> list[Path]:
        """Files and folders that the job writes, relative to the study's folder."""
        return [Path(file) for file in self._job.output]


class Jobs:
    """The jobs of a study that Snakemake would start now; see ``open_study``."""

    def __init__(self, workflow: Any) -> None:
        self._workflow = workflow

    def pending(self) -> list[Job]:
        """Return the jobs to run, each after those that it depends on; in the same order every time."""
        dag = self._workflow.dag
        layers = dag.toposorted(set(dag.needrun_jobs()))
        return [
            self._described(job)
            for layer in layers
            for job in sorted(layer, key=lambda job: (job.rule.name, sorted(job.wildcards_dict.items())))
        ]

    def requested(self) -> Job:
        """Return the job that was asked for by rule and wildcards."""
        (job,) = self._workflow.dag.targetjobs
        return self._described(job)

    def run(self, job: Job) -> None:
        """Run a job's script in this process, and record what it wrote as Snakemake does.

        Exceptions of the script are raised here: a UserError as such, not as the exit of the process.
        """
        workflow, snakemake_job = self._workflow, job._job
        workflow.dag.register_running({snakemake_job})
        if job.script is not None:
            workflow.async_run(snakemake_job.prepare())
            # Marks the output as incomplete until the job is finished.
            snakemake_job.register()
            _run_script(job)
        workflow.async_run(snakemake_job.postprocess(store_in_storage=False))
        workflow.async_run(workflow.dag.finish(snakemake_job))

    def lock(self) -> AbstractContextManager[None]:
        """Lock the folder against other runs."""
        lock: AbstractContextManager[None] = self._workflow.persistence.lock()
        return lock

    @staticmethod
    def _described(job: Any) -> Job:
        script = job.rule.script and Path(job.rule.basedir.join(job.rule.script).get_path_or_uri(secret_free=True))
        return Job(job.rule.name, dict(job.wildcards_dict), script, job)


@contextmanager
def open_study(
    folder: Path,
    configfile: Path | str | None = None,
    *,
    targets: Collection[str] = (),
    job: tuple[str, Mapping[str, str]] | None = None,
    config: Mapping[str, object] | None = None,
    forcerun: Collection[str] = (),
    until: Collection[str] = (),
    cores: int = 1,
) -> Iterator[Jobs]:
    """Read a study in this process, and find out which jobs Snakemake would start.

    Inside, ``folder`` is the working directory. At the end, everything that Snakemake and the Snakefile change of the
    process is as before, so that one process may open many studies, one after the other.

    Parameters
    ----------
    folder : Path
        Folder with a ``Snakefile``, where results are written.
    configfile : Path or str, optional
        The study, relative to the folder; by default the default study.
    targets : Collection of str
        Files or rules to make; by default all of the study.
    job : (str, Mapping of str to str), optional
        Rule and wildcards of one job, instead of targets.
    config : Mapping of str to object, optional
        Keys of the study to change.
    forcerun, until : Collection of str
        As the options of Snakemake.
    cores : int
        What a job that wants all cores gets.

    Raises
    ------
    snakemake.exceptions.WorkflowError
        If the study is invalid, with the message to the user, or if no rule makes a file.
    UserError
        If there is no such rule, or it has other wildcards.
    """
    with _unchanged_process(folder), SnakemakeApi(_quiet()) as api:
        opened = api.workflow(
            resource_settings=settings.ResourceSettings(cores=cores),
            config_settings=settings.ConfigSettings(
                config=dict(config or {}), configfiles=[Path(configfile)] if configfile else []
            ),
            storage_settings=settings.StorageSettings(shared_fs_usage=settings.SharedFSUsage.all()),
            snakefile=Path("Snakefile"),
        )
        opened.dag(
            settings.DAGSettings(
                targets=frozenset(targets),
                # Not a set: what it holds cannot be hashed.
                target_jobs=[TargetSpec(job[0], dict(job[1]))] if job else [],
                forcerun=frozenset(forcerun),
                until=frozenset(until),
                force_incomplete=True,
            )
        )
        # The API runs workflows, but hands out no jobs; what follows is what its ``execute_workflow`` does first.
        workflow = opened._workflow
        if job:
            _check_job(workflow, *job)
        workflow.execution_settings = settings.ExecutionSettings(latency_wait=0)
        workflow.remote_execution_settings = settings.RemoteExecutionSettings()
        workflow.scheduling_settings = settings.SchedulingSettings()
        workflow.group_settings = settings.GroupSettings()
        workflow._executor_plugin = ExecutorPluginRegistry().get_plugin("local")
        workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=False)
        workflow._build_dag()
        workflow.async_run(workflow.dag.postprocess(update_needrun=False))
        # From here on files are looked at anew.
        workflow.iocache.deactivate()
        workflow.persistence.deactivate_cache()
        yield Jobs(workflow)


def _check_job(workflow: Any, name: str, wildcards: Mapping[str, str]) -> None:
    rules = {rule.name: rule for rule in workflow.rules}
    if name not in rules:
        raise UserError(unknown("Snakefile", "rule", name, sorted(rules)))
    expected = sorted(rules[name].wildcard_names)
    if sorted(wildcards) != expected:
        usage = " ".join([name, *(f"{wildcard}=..." for wildcard in expected)])
        raise UserError(
            f"rule {name}: found {', '.join(wildcards) or 'no wildcards'}, "
            f"expected {', '.join(expected) or 'none'}: {usage}"
        )


def _quiet() -> Any:
    return settings.OutputSettings(
        quiet={settings.Quietness.ALL}, log_level_override=logging.ERROR, enable_file_logging=False
    )


@contextmanager
def _unchanged_process(folder: Path) -> Iterator[None]:
    """Work in ``folder``, and restore what Snakemake, the Snakefile and scripts change of this process."""
    before = Path.cwd(), dict(os.environ), list(sys.path), list(sys.argv)
    # The Snakefile looks for a dry run there.
    sys.argv = ["snakemake"]
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before[0])
        os.environ.clear()
        os.environ.update(before[1])
        sys.path[:], sys.argv = before[2], before[3]


def _run_script(job: Job) -> None:
    snakemake_job = job._job
    snakemake = Snakemake(
        snakemake_job.input,
        snakemake_job.output,
        # Rules share their parameters between jobs, and a script of its own process could not change them for others.
        copy.deepcopy(snakemake_job.params),
        snakemake_job.wildcards,
        snakemake_job.threads,
        snakemake_job.resources,
        snakemake_job.log,
        snakemake_job.rule.workflow.config,
        job.rule,
        None,
        str(job.script and job.script.parent),
    )
    variables = dict(os.environ)
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(snakemake_job.threads)))
    try:
        # Libraries that are loaded already no longer look at the variables.
        with threadpoolctl.threadpool_limits(snakemake_job.threads):
            runpy.run_path(str(job.script), init_globals={"snakemake": snakemake}, run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            # The exception that ``job.logged`` turned into an exit status.
            raise ended.__context__ or ended from None
    finally:
        os.environ.clear()
        os.environ.update(variables)


def parser() -> argparse.ArgumentParser:
    """Create the parser of the command line."""
    out = argparse.ArgumentParser(
        prog="python -m perftransfer.debug",
        description="Run one rule's script in this process. What it reads must be there; what it writes is written.",
    )
    out.add_argument("rule", metavar="RULE", help="name of the rule, as in workflow/rules")
    out.add_argument("wildcards", nargs="*", metavar="WILDCARD=VALUE", help="value of each wildcard of the rule")
    out.add_argument("--configfile", metavar="FILE", help="the study; by default config/config.yaml")
    out.add_argument("--pdb", action="store_true", help="start the debugger where an exception was raised")
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a rule's script; return the exit status: 1 if the script failed, 2 if it could not be started."""
    args = parser().parse_intermixed_args(arguments)
    try:
        pairs = [text.partition("=") for text in args.wildcards]
        if not all(name and value for name, _, value in pairs):
            raise UserError(f"expected WILDCARD=VALUE, found {' '.join(args.wildcards)}")
        wildcards = {name: value for name, _, value in pairs}
        for file in filter(None, ["Snakefile", args.configfile]):
            if not Path(file).is_file():
                raise UserError(f"{file}: there is no such file")
        with open_study(Path.cwd(), args.configfile, job=(args.rule, wildcards)) as jobs:
            job = jobs.requested()
            missing = [str(path) for path in job.input if not path.exists()]
            if missing:
                print(_how_to_make(missing, args.configfile), file=sys.stderr)
                return 2
            with jobs.lock():
                return _run(jobs, job, args.pdb)
    except (UserError, WorkflowError) as error:
        print(f"perftransfer.debug: {error}", file=sys.stderr)
        return 2


def _how_to_make(missing: list[str], configfile: str | None) -> str:
    study = ["--configfile", configfile] if configfile else []
    command = shlex.join(["snakemake", *missing, "--cores", "all", *study])
    return "\n".join(["Missing input:", *(f"  {file}" for file in missing), "Make it with:", f"  {command}"])


def _run(jobs: Jobs, job: Job, debugger: bool) -> int:
    try:
        jobs.run(job)
    except Exception as error:
        if isinstance(error, UserError) and not debugger:
            print(error, file=sys.stderr)
        else:
            traceback.print_exception(error)
        if debugger:
            pdb.post_mortem(error.__traceback__)
        return 1
    print("\n".join(map(str, job.output)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
