"""A container's quota of CPU time and limit of memory, on made-up file trees of both versions of control groups."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from perftransfer.errors import UserError
from perftransfer.measuring import bench, fingerprint
from perftransfer.measuring.bench import Environment
from perftransfer.measuring.cgroups import Limits, throttled_periods

MOUNT = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
V1 = MOUNT + (
    "32 31 0:29 {root} /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "33 31 0:30 {root} /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
)
V2 = "32 31 0:29 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def v1(root: Path, group: str, mounted: str, inside: str, quota: str = "150000") -> Path:
    cpu, memory = (f"sys/fs/cgroup/{name}/{inside}" for name in ("cpu,cpuacct", "memory"))
    return plant(root, {
        "proc/self/cgroup": f"5:memory:{group}\n4:cpu,cpuacct:{group}\n1:name=systemd:/\n0::/\n",
        "proc/self/mountinfo": V1.format(root=mounted),
        f"{cpu}/cpu.cfs_quota_us": quota, f"{cpu}/cpu.cfs_period_us": "100000\n",
        f"{cpu}/cpu.stat": "nr_periods 9\nnr_throttled 7\nthrottled_time 123\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": str(2**63 - 1),
        f"{memory}/memory.limit_in_bytes": str(3 * 2**30),
    })  # fmt: skip


def v2(root: Path, files: dict[str, str]) -> Path:
    group = {"proc/self/cgroup": "0::/pod/container\n", "proc/self/mountinfo": MOUNT + V2}
    return plant(root, {**group, **{f"sys/fs/cgroup/{name}": text for name, text in files.items()}})


@pytest.mark.parametrize(
    ("group", "mounted", "inside"),
    [
        # On the host, or with the host's groups shown inside; in a container; with a name space of its own.
        ("/docker/a1", "/", "docker/a1"),
        ("/docker/a1", "/docker/a1", "."),
        ("/", "/", "."),
        ("/../b2", "/", "."),
    ],
)
def test_version_1(tmp_path: Path, group: str, mounted: str, inside: str) -> None:
    root = v1(tmp_path, group, mounted, inside)
    assert Limits.read(root) == Limits(1.5, 3.0)
    assert throttled_periods(root) == 7


def test_version_1_without_a_quota(tmp_path: Path) -> None:
    assert Limits.read(v1(tmp_path, "/a", "/", "a", quota="-1")).cpus is None


def test_of_nested_groups_the_lowest_limit_counts_and_all_that_waited(tmp_path: Path) -> None:
    root = v2(tmp_path, {
        "pod/cpu.max": "50000 100000\n", "pod/memory.max": "max\n", "pod/cpu.stat": "usage_usec 5\nnr_throttled 2\n",
        "pod/container/cpu.max": "max 100000\n", "pod/container/memory.max": f"{2**29}\n",
        "pod/container/cpu.stat": "usage_usec 5\nnr_throttled 3\n", "cpu.stat": "usage_usec 5\n",
    })  # fmt: skip
    assert Limits.read(root) == Limits(0.5, 0.5)
    assert throttled_periods(root) == 5


@pytest.mark.parametrize("text", ["", "max", "max 100000", "x 100000", "100000 0", "-1 100000", "1 2 3", "\0"])
def test_what_is_no_quota_is_none(tmp_path: Path, text: str) -> None:
    root = v2(tmp_path, {f"pod/container/{name}": text for name in ("cpu.max", "memory.max", "cpu.stat")})
    assert Limits.read(root) == Limits()
    assert throttled_periods(root) is None
    assert Limits.read(tmp_path / "nowhere") == Limits()


@pytest.mark.parametrize(("quota", "usable"), [("250000", [5, 7]), ("400000", [2, 3, 5, 7]), ("25000", [7])])
def test_usable_cpus_are_those_that_the_quota_keeps_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, usable: list[int]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {2, 3, 5, 7}, raising=False)
    root = v1(tmp_path, "/a", "/", "a", quota=quota)
    assert fingerprint.usable_cpus(root) == usable
    host = fingerprint.host(root)
    assert (host["usable_cpus"], host["cpu_quota"], host["memory_limit_gib"]) == (len(usable), int(quota) / 1e5, 3.0)


ENVIRONMENT = Environment(
    name="e", engine="onnxruntime", network="n", network_version=1, cores="all", workload={}, files={}, seed=1
)


def test_a_quota_below_the_cpus_is_refused_and_what_all_means_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fingerprint, "usable_cpus", lambda: [3])
    monkeypatch.setattr(bench.Limits, "read", lambda: Limits(1.5))
    ENVIRONMENT.check_quota()
    assert caplog.messages == ["e: this container may use the time of 1.5 CPUs, so cores: all is 1"]
    with pytest.raises(UserError, match=r"measures on 2 CPUs, but this container may use the time of only 1\.5: "):
        replace(ENVIRONMENT, hardware_settings="cpus=0-1").check_quota()
    monkeypatch.setattr(bench.Limits, "read", lambda: Limits(0.25))
    with pytest.raises(UserError, match=r"on 1 CPU, but this container may use the time of only 0\.25: .* --cpus=1"):
        ENVIRONMENT.check_quota()


@pytest.mark.parametrize(("periods", "disturbed"), [(3, True), (0, False), (None, None)])
def test_a_measurement_that_waited_for_its_quota_is_disturbed(periods: int | None, disturbed: bool | None) -> None:
    outcome = {"status": "ok", "error": None, "external_cpu_share": None, "throttled_periods": periods}
    assert bench._disturbed(outcome, loaded=False) is disturbed


@pytest.mark.parametrize(("machine", "container", "mib"), [(8.0, 2.0, 1843), (2.0, None, 1843), (None, None, None)])
def test_the_limit_of_memory_is_that_of_the_container(
    machine: float | None, container: float | None, mib: int | None
) -> None:
    host = {**fingerprint.host(), "memory_gib": machine, "memory_limit_gib": container}
    assert bench._request(ENVIRONMENT, {}, bench.Protocol(), host)["memory_limit_mib"] == mib
