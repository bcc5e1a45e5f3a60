"""The machine that a workflow was started on, which is not that of all its jobs."""

from __future__ import annotations

import os

from perftransfer.measuring import fingerprint
from perftransfer.measuring.cgroups import Limits

# Says on how many CPUs the workflow was started, to its jobs on other machines.
_CPUS_VARIABLE = "PERFTRANSFER_CPUS"


def usable_cpus() -> int:
    """CPUs of the machine at hand; in a job that a scheduler sent elsewhere, of the one that the workflow started on.

    For such a job the study has to be the same: see ``export_usable_cpus``.
    """
    return int(os.environ.get(_CPUS_VARIABLE) or len(fingerprint.usable_cpus()))


def quota_remark() -> str:
    """Return why fewer CPUs can be used than there are, if this is a container with a quota of their time; else ""."""
    quota = Limits.read().cpus
    return "" if quota is None else f" (this container may use the time of {quota:g} CPUs)"


def export_usable_cpus() -> None:
    """Let all jobs that are started from here on count the CPUs of this machine."""
    os.environ[_CPUS_VARIABLE] = str(usable_cpus())
