"""Checks who is blamed for the busy time of our CPUs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perftransfer.measuring.interference import CpuTimes, cpu_mhz, throttle_events

TICKS = os.sysconf("SC_CLK_TCK")


def stat_file(folder: Path, **cpus: str) -> Path:
    """A /proc/stat: user nice system idle iowait irq softirq steal guest guest_nice, in ticks."""
    path = folder / "stat"
    lines = [f"cpu  {'9 ' * 10}", *(f"{name} {fields}" for name, fields in cpus.items()), "intr 1 2 3", "ctxt 5"]
    path.write_text("\n".join(lines) + "\n")
    return path


def times(wall: float = 0.0, process: float = 0.0, busy: float | None = 0.0, n_cpus: int = 1) -> CpuTimes:
    return CpuTimes(wall, process, busy, n_cpus)


def test_all_but_idle_and_waiting_is_busy_and_steal_counts(tmp_path: Path) -> None:
    stat = stat_file(tmp_path, cpu0="1 2 4 1000 1000 8 16 32 0 0")
    assert CpuTimes.read([0], stat).busy == pytest.approx(63 / TICKS)


def test_guests_are_in_user_time_already(tmp_path: Path) -> None:
    stat = stat_file(tmp_path, cpu0="100 0 0 0 0 0 0 0 100 0")
    assert CpuTimes.read([0], stat).busy == pytest.approx(100 / TICKS)


def test_only_our_cpus_count(tmp_path: Path) -> None:
    stat = stat_file(tmp_path, cpu0="1 0 0 0 0 0 0 0", cpu1="10 0 0 0 0 0 0 0", cpu10="100 0 0 0 0 0 0 0")
    read = CpuTimes.read([1], stat)
    assert (read.busy, read.n_cpus) == (pytest.approx(10 / TICKS), 1)


def test_no_list_of_cpus_stands_for_all_of_them(tmp_path: Path) -> None:
    stat = stat_file(tmp_path, cpu0="1 0 0 0 0 0 0 0", cpu1="10 0 0 0 0 0 0 0")
    read = CpuTimes.read(None, stat)
    assert (read.busy, read.n_cpus) == (pytest.approx(11 / TICKS), 2)


def test_an_old_kernel_without_the_column_of_steal_will_do(tmp_path: Path) -> None:
    assert CpuTimes.read([0], stat_file(tmp_path, cpu0="1 2 4 1000")).busy == pytest.approx(7 / TICKS)


def test_without_the_file_or_without_our_cpus_nothing_is_known(tmp_path: Path) -> None:
    missing = CpuTimes.read([0], tmp_path / "nowhere")
    other = CpuTimes.read([7], stat_file(tmp_path, cpu0="1 2 4 1000"))
    assert missing.busy is None
    assert other.busy is None
    assert missing.external_share_since(missing) is None
    assert times(10, busy=1).external_share_since(missing) is None
    assert other.external_share_since(times(busy=1)) is None


def test_our_own_time_is_no_interference() -> None:
    assert times(10, process=4, busy=7).external_share_since(times()) == pytest.approx(0.3)
    assert times(10, process=4, busy=4).external_share_since(times()) == 0.0


def test_the_share_is_of_the_time_of_all_our_cpus() -> None:
    assert times(10, busy=5, n_cpus=4).external_share_since(times(n_cpus=4)) == pytest.approx(0.125)


def test_the_share_lies_between_0_and_1_however_coarse_the_clocks() -> None:
    assert times(10, process=6, busy=5).external_share_since(times()) == 0.0
    assert times(0.001, busy=0.01).external_share_since(times()) == 1.0


def test_without_time_there_is_no_share() -> None:
    assert times(0, busy=1).external_share_since(times()) is None


def test_this_machine_tells_its_own_clocks() -> None:
    now = CpuTimes.read(None)
    assert now.process > 0
    if Path("/proc/stat").exists():
        assert now.busy is not None
        assert now.n_cpus >= 1


def sysfs(root: Path, name: str, *values: str) -> Path:
    for cpu, value in enumerate(values):
        path = root / f"sys/devices/system/cpu/cpu{cpu}" / name
        path.parent.mkdir(parents=True)
        path.write_text(f"{value}\n")
    return root


def test_the_clock_is_that_of_the_fastest_of_our_cpus(tmp_path: Path) -> None:
    root = sysfs(tmp_path, "cpufreq/scaling_cur_freq", "800000", "2100000", "3400000")
    assert cpu_mhz([0, 1], root) == 2100.0
    assert cpu_mhz(None, root) == 3400.0
    assert cpu_mhz([7], root) is None


def test_throttling_is_counted_over_our_cpus(tmp_path: Path) -> None:
    root = sysfs(tmp_path, "thermal_throttle/core_throttle_count", "1", "2", "no number")
    assert throttle_events([0, 1], root) == 3
    assert throttle_events([2], root) is None
    assert throttle_events(None, tmp_path / "nowhere") is None
