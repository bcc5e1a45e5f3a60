"""What a scheduler is asked for, by the names of Snakemake's resources."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from perftransfer.study.facts import Study
from perftransfer.study.inputs import Wildcards
from perftransfer.study.sections import Cluster

#: Names of Snakemake's resources by which a scheduler is asked for hardware.
RESOURCES = (
    "slurm_partition", "slurm_account", "constraint", "gres", "cpus_per_task", "runtime", "mem_mb", "slurm_extra",
)  # fmt: skip
# CPUs that a job asks for, where it is to have all that its node has: the executor leaves the number out.
_NO_NUMBER = -1


def scheduler_request(cluster: Cluster, cores: int | str) -> dict[str, int | str | None]:
    """Return a value for each of ``RESOURCES``: None where nothing is asked for, 0 where Snakemake wants a number.

    cores: those of the environment, or "all".
    """
    cpus = cluster.cpus or (_NO_NUMBER if cores == "all" else int(cores))
    flags = ["--exclusive"] * cluster.exclusive + [cluster.flags] * bool(cluster.flags)
    gpus = ":".join(["gpu", *filter(None, [cluster.gpu_type]), str(cluster.gpus)]) if cluster.gpus else None
    values: tuple[int | str | None, ...] = (
        cluster.partition, cluster.account, cluster.constraint, gpus, cpus, cluster.minutes or 0,
        cluster.memory_mib or 0, " ".join(flags) or None,
    )  # fmt: skip
    return dict(zip(RESOURCES, values, strict=True))


def measuring_resources(study: Study) -> dict[str, int | Callable[[Wildcards], int | str | None]]:
    """Return the resources of a rule that measures: one job at a time on a machine, and what a scheduler is asked for.

    Those for a scheduler are functions of the wildcard ``environment``. Resources are no parameters: changing them runs
    no job again.
    """

    def value(wildcards: Wildcards, resource: str) -> int | str | None:
        name = wildcards.environment
        return scheduler_request(study.hardware_of(name).cluster, study.rows[name].cores)[resource]

    return {"device": 1, **{name: partial(value, resource=name) for name in RESOURCES}}
