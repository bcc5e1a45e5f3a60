"""One CPU for each of the threads that share the work of an operator."""

from __future__ import annotations

import os
from collections.abc import Sequence

from perftransfer.measuring.engines.interface import UnsupportedConfigurationError


def cpus_for(threads: int) -> list[int]:
    """Numbers of as many CPUs of this process, the first of which is the calling thread's.

    Raises UnsupportedConfigurationError if it has fewer, or if the system cannot bind threads.
    """
    if not hasattr(os, "sched_getaffinity"):
        raise UnsupportedConfigurationError("thread_affinity pinned: this system does not bind threads to CPUs")
    cpus = sorted(os.sched_getaffinity(0))
    if threads > len(cpus):
        raise UnsupportedConfigurationError(f"thread_affinity pinned: {threads} threads, but only {len(cpus)} CPUs")
    return cpus[:threads]


def affinities(cpus: Sequence[int]) -> str:
    """ONNX Runtime's text for its own threads, which are all but the first: it counts CPUs from 1."""
    return ";".join(str(cpu + 1) for cpu in cpus[1:])


class PinnedCaller:
    """Binds the calling thread to the first of ``cpus`` until it is released; with no CPUs, does nothing.

    Made when the session's threads are there: those that the caller starts inherit its CPU.
    """

    def __init__(self, cpus: Sequence[int]) -> None:
        self._before = os.sched_getaffinity(0) if cpus else None
        if cpus:
            os.sched_setaffinity(0, cpus[:1])

    def release(self) -> None:
        """Give the thread back the CPUs that it had."""
        if self._before is not None:
            os.sched_setaffinity(0, self._before)
