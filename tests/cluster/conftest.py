from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from cluster.slurm import Cluster, Node, unavailable

NODES = (
    Node("env-a", cpus=2, processor="Loopback CPU A"),
    Node("env-b", cpus=2, processor="Loopback CPU B"),
    Node("env-c", cpus=2, processor="Loopback CPU C"),
)


# One per file, not per session: a machine has one cluster at a time, and another worker waits for this one to go.
@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Three nodes that differ in their processor."""
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    with Cluster(tmp_path_factory.mktemp("slurm"), NODES) as started:
        yield started


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let what a test starts heed SIGINT: a shell that runs the tests in the background has them ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
