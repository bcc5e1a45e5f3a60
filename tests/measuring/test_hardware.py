"""Checks that hardware settings hold, or leave the machine as it was; on fake file trees, never on this machine's."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fake_boards import (
    BPMP_EMC,
    CPU,
    DEBUG,
    NVPMODEL_CONF,
    TX2_CPU_KHZ,
    TX2_GPU_HZ,
    FakePrograms,
    contents,
    devfreq,
    online,
    plant,
    policy,
)

from perftransfer.errors import UserError
from perftransfer.measuring import hardware
from perftransfer.measuring.hardware import placement
from perftransfer.measuring.hardware.interface import Board
from perftransfer.package_path import package_path


@pytest.fixture
def pc(tmp_path: Path) -> Path:
    files = online(1, 2, 3) | {f"{CPU}/online": "0-3"}
    for number in range(4):
        files |= policy(number, "800000", "4000000", "performance powersave")
    return plant(tmp_path / "pc", files)


@pytest.fixture
def tx1(tmp_path: Path) -> Path:
    """Linux 4 on a TX1: the memory clock is a wish (override.emc) and what came of it (emc/clk_rate)."""
    files = {
        f"{DEBUG}/clk/override.emc/clk_update_rate": "1600000000",
        f"{DEBUG}/clk/override.emc/clk_state": "0",
        f"{DEBUG}/clk/emc/clk_rate": "408000000",
        f"{DEBUG}/clk/emc/clk_possible_rates": "204000 408000 1600000 (kHz)",
        "etc/nvpmodel.conf": "",
    }
    cpu = policy(0, "102000", "1734000", "ondemand userspace", scaling_available_frequencies="102000 921600 1734000")
    return plant(
        tmp_path / "tx1", files | cpu | online(0, 1, 2, 3) | devfreq("57000000.gpu", "76800000 537600000 998400000")
    )


@pytest.fixture
def tx2(tmp_path: Path) -> Path:
    files = {
        f"{BPMP_EMC}/rate": "408000000",
        f"{BPMP_EMC}/mrq_rate_locked": "0",
        f"{BPMP_EMC}/state": "1",
        f"{BPMP_EMC}/min_rate": "40800000",
        f"{BPMP_EMC}/max_rate": "1866000000",
        f"{DEBUG}/bpmp/debug/emc/possible_rates": "40800 408000 1062400 1866000 (kHz)",
        "etc/nvpmodel.conf": NVPMODEL_CONF,
    }
    for number in (0, 1):  # ARM cores, Denver cores
        files |= policy(
            number, "345600", "2035200", "ondemand performance schedutil", scaling_available_frequencies=TX2_CPU_KHZ
        )
    return plant(tmp_path / "tx2", files | online(1, 2, 3, 4, 5) | devfreq("17000000.gp10b", TX2_GPU_HZ))


@pytest.fixture
def orin(tmp_path: Path) -> Path:
    files = {
        f"{BPMP_EMC}/rate": "204000000",
        f"{BPMP_EMC}/mrq_rate_locked": "0",
        f"{BPMP_EMC}/state": "1",
        f"{BPMP_EMC}/max_rate": "3199000000",
        "etc/nvpmodel.conf": NVPMODEL_CONF,
    }
    cpu = policy(0, "115200", "2201600", "performance schedutil") | policy(4, "115200", "2201600", "schedutil")
    devices = devfreq("17000000.ga10b", "306000000 612000000 1300500000") | devfreq("15340000.vic", "1 2")
    return plant(tmp_path / "orin", files | cpu | online(*range(8)) | devices)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "hardware.json"


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let writes go through a fake kernel: ``before`` may refuse one or change it; the names of files are returned."""

    def install(before: Callable[[Board, str, str], str]) -> list[str]:
        written: list[str] = []
        real = Board.write

        def write(board: Board, item: str, value: str) -> None:
            accepted = before(board, item, value)
            written.append(item)
            real(board, item, accepted)

        monkeypatch.setattr(Board, "write", write)
        return written

    return install


def never_crossing(board: Board, item: str, value: str) -> str:
    """Refuse a lowest frequency above the highest."""
    if match := re.fullmatch(r"(.*/)(scaling_)?(min|max)_freq", item):
        other = board.read(f"{match[1]}{match[2] or ''}{'max' if match[3] == 'min' else 'min'}_freq")
        pair = [int(value), int(other)]
        if match[3] == "max":
            pair.reverse()
        if pair[0] > pair[1]:
            raise OSError(errno.EINVAL, "Invalid argument", item)
    return value


def as_given(board: Board, item: str, value: str) -> str:
    return value


def test_parse_orders_settings_as_they_are_applied() -> None:
    text = (
        "gpu0.power_limit_w=200 governor=performance cores=4 nvpmodel=0 policy1.cpu_max_khz=1113600 background_load=1"
    )
    names = [str(setting) for setting in hardware.parse(text)]
    assert names[:2] == ["nvpmodel=0", "cores=4"]
    assert set(names) == set(text.split())
    assert hardware.parse("") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("governer=performance", "Did you mean 'governor'"),
        ("cpu_max_khz=fast", "whole number"),
        ("cores", "write cores=VALUE"),
        ("cores=1-", "such as 0,2-3"),
        ("power_limit_w=200", "write gpu0.power_limit_w"),
        ("gpu0.cores=2", "write cores"),
        ("cpu1.governor=performance", "write policy0.governor"),
        ("background_share=1.5", "a share up to 1"),
        ("cores=2 cores=3", "duplicate cores: cores=2 and cores=3"),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, words: str) -> None:
    with pytest.raises(UserError, match=re.escape(words)):
        hardware.parse(text)


@pytest.mark.parametrize(
    ("board", "text", "expected"),
    [
        (
            "pc",
            "governor=performance cpu_max_khz=2000000 cores=2",
            {
                f"{CPU}/cpufreq/policy1/scaling_governor": "performance",
                f"{CPU}/cpufreq/policy3/scaling_max_freq": "2000000",
                f"{CPU}/cpu1/online": "1",
                f"{CPU}/cpu3/online": "0",
            },
        ),
        (
            "tx2",
            "policy1.cpu_max_khz=345600 cpu_max_khz=1113600 gpu_clock_hz=624750000 emc_clock_hz=1062400000 cores=0,3-5",
            {
                f"{CPU}/cpufreq/policy0/scaling_max_freq": "1113600",
                f"{CPU}/cpufreq/policy1/scaling_max_freq": "345600",
                "sys/class/devfreq/17000000.gp10b/min_freq": "624750000",
                "sys/class/devfreq/17000000.gp10b/max_freq": "624750000",
                f"{BPMP_EMC}/mrq_rate_locked": "1",
                f"{BPMP_EMC}/rate": "1062400000",
                f"{CPU}/cpu2/online": "0",
                f"{CPU}/cpu5/online": "1",
            },
        ),
        (
            "orin",
            "gpu_clock_hz=1300500000 emc_clock_hz=2133000000 cpu_min_khz=2201600",
            {
                "sys/class/devfreq/17000000.ga10b/min_freq": "1300500000",
                f"{BPMP_EMC}/rate": "2133000000",
                f"{CPU}/cpufreq/policy4/scaling_min_freq": "2201600",
            },
        ),
    ],
)
def test_settings_hold_and_are_restored(
    board: str,
    text: str,
    expected: dict[str, str],
    state: Path,
    request: pytest.FixtureRequest,
    kernel: Callable[..., list[str]],
) -> None:
    root = request.getfixturevalue(board)
    kernel(never_crossing)
    before = contents(root)
    with hardware.applied(hardware.parse(text), root, state) as applied:
        assert expected.items() <= {name: (root / name).read_text().strip() for name in expected}.items()
        assert expected.items() <= applied.values.items()
        assert state.exists()
        assert applied.changed() == []
        name, value = next(iter(expected.items()))
        (root / name).write_text("7")
        assert f"set to {value}, now 7" in applied.changed()[0]
    assert contents(root) == before
    assert not state.exists()


def test_memory_clock_of_a_tx1(tx1: Path, state: Path, kernel: Callable[..., list[str]]) -> None:
    def follow(board: Board, item: str, value: str) -> str:
        if item.endswith("clk_state"):
            wish = board.read(f"{DEBUG}/clk/override.emc/clk_update_rate")
            plant(tx1, {f"{DEBUG}/clk/emc/clk_rate": wish if value == "1" else "408000000"})
        return value

    written = kernel(follow)
    before = contents(tx1)
    with hardware.applied(hardware.parse("emc_clock_hz=204000000"), tx1, state):
        assert (tx1 / f"{DEBUG}/clk/emc/clk_rate").read_text().strip() == "204000000"
    assert [Path(item).name for item in written] == ["clk_update_rate", "clk_state", "clk_state", "clk_update_rate"]
    assert contents(tx1) == before


def test_a_wish_that_came_to_nothing_is_an_error(tx1: Path, state: Path) -> None:
    before = contents(tx1)
    with (
        pytest.raises(hardware.SettingError, match=r"clk/emc/clk_rate: expected '204000000', read back '408000000'"),
        hardware.applied(hardware.parse("emc_clock_hz=204000000"), tx1, state),
    ):
        pass
    assert contents(tx1) == before


def test_cpu_folders_of_an_old_kernel(tmp_path: Path, state: Path) -> None:
    values = policy(0, "1", "3", "ondemand performance", scaling_available_frequencies="1 2 3")
    old = {f"{CPU}/cpu0/cpufreq/{Path(name).name}": value for name, value in values.items()}
    root = plant(tmp_path / "old", old | online(1))
    (root / CPU / "cpu1/cpufreq").symlink_to("../cpu0/cpufreq")
    with hardware.applied(hardware.parse("cpu_max_khz=2"), root, state) as applied:
        assert applied.values == {f"{CPU}/cpu0/cpufreq/scaling_max_freq": "2"}


@pytest.mark.parametrize("now", [("1", "2"), ("2", "3"), ("3", "4"), ("1", "4"), ("4", "4")])
@pytest.mark.parametrize("limits", [("1", "1"), ("2", "3"), ("4", "4")])
def test_lowest_and_highest_never_cross(
    now: tuple[str, str], limits: tuple[str, str], tmp_path: Path, state: Path, kernel: Callable[..., list[str]]
) -> None:
    files = {"scaling_min_freq": now[0], "scaling_max_freq": now[1]}
    root = plant(tmp_path / "board", policy(0, "1", "4", "performance", **files))
    kernel(never_crossing)
    before = contents(root)
    settings = hardware.parse(f"cpu_min_khz={limits[0]} cpu_max_khz={limits[1]}")
    with hardware.applied(settings, root, state) as applied:
        assert sorted(applied.values.values()) == sorted(limits)
    assert contents(root) == before


@pytest.mark.parametrize(
    ("board", "text", "words"),
    [
        ("tx2", "governor=powersave", ["scaling_available_governors", "ondemand, performance, schedutil"]),
        ("tx2", "cpu_max_khz=1113601", ["345600, 1113600, 2035200", "Did you mean '1113600'"]),
        ("pc", "cpu_max_khz=9000000", ["found 9000000, allowed 800000 to 4000000"]),
        ("pc", "cpu_min_khz=4000000 policy2.cpu_max_khz=3000000", ["policy2/scaling_min_freq", "set both"]),
        ("pc", "policy7.governor=performance", ["unknown value 'policy7'", "policy0"]),
        ("pc", "cores=5", ["found 4 CPUs, allowed 1 to 4"]),
        ("pc", "cores=2-3", ["cannot be turned off: 0"]),
        ("pc", "cpus=0,4-5", ["cpu/online: found 0-3, without [4, 5]"]),
        ("pc", "gpu_clock_hz=1", ["sys/class/devfreq", "found none"]),
        ("pc", "emc_clock_hz=1", ["no memory clock found", "bpmp/debug/clk/emc"]),
        ("orin", "emc_clock_hz=5000000000", ["allowed 0 to 3199000000"]),
        ("orin", "governor=performance", ["policy4", "Allowed: schedutil"]),
        ("tx2", "emc_clock_hz=408000001", ["40800000, 408000000, 1062400000"]),
        ("tx2", "gpu_clock_hz=5", ["17000000.gp10b/available_frequencies"]),
        ("tx2", "nvpmodel=7", ["etc/nvpmodel.conf", "Allowed: 0, 1"]),
    ],
)
def test_what_is_not_offered_is_an_error_and_changes_nothing(
    board: str,
    text: str,
    words: list[str],
    state: Path,
    request: pytest.FixtureRequest,
    kernel: Callable[..., list[str]],
) -> None:
    root = request.getfixturevalue(board)
    written = kernel(as_given)
    with pytest.raises(hardware.SettingError) as error, hardware.applied(hardware.parse(text), root, state):
        pass
    assert all(word in str(error.value) for word in [text.split()[0].partition("=")[0].split(".")[-1], *words]), error
    assert written == []
    assert not state.exists()


def test_nothing_is_written_if_the_second_of_two_is_not_offered(
    tx2: Path, state: Path, kernel: Callable[..., list[str]]
) -> None:
    written = kernel(as_given)
    settings = hardware.parse("governor=performance gpu_clock_hz=5")
    with pytest.raises(hardware.SettingError), hardware.applied(settings, tx2, state):
        pass
    assert written == []


@pytest.mark.parametrize(
    "refusal", [PermissionError(errno.EPERM, "Operation not permitted"), OSError(errno.EIO, "I/O")]
)
def test_the_first_is_restored_if_the_second_is_refused(
    refusal: OSError, tx2: Path, state: Path, kernel: Callable[..., list[str]]
) -> None:
    def refuse(board: Board, item: str, value: str) -> str:
        if "devfreq" in item:
            raise refusal
        return value

    written = kernel(refuse)
    before = contents(tx2)
    settings = hardware.parse("governor=performance gpu_clock_hz=624750000")
    with (
        pytest.raises(hardware.SettingError, match=r"gpu_clock_hz.*min_freq|max_freq.*cannot write") as error,
        hardware.applied(settings, tx2, state),
    ):
        pass
    assert ("permission denied" in str(error.value)) == isinstance(refusal, PermissionError)
    assert written and contents(tx2) == before
    assert not state.exists()


def test_a_kernel_that_rounds_is_found_out(tx2: Path, state: Path, kernel: Callable[..., list[str]]) -> None:
    kernel(lambda board, item, value: "2000000" if value == "1113600" else value)
    before = contents(tx2)
    with (
        pytest.raises(hardware.SettingError, match="expected '1113600', read back '2000000'"),
        hardware.applied(hardware.parse("cpu_max_khz=1113600"), tx2, state),
    ):
        pass
    assert contents(tx2) == before


def test_what_is_so_already_needs_no_permission(pc: Path, state: Path, kernel: Callable[..., list[str]]) -> None:
    written = kernel(as_given)
    with hardware.applied(hardware.parse("governor=powersave cores=4"), pc, state):
        pass
    assert written == []


def test_clocks_of_cpus_that_come_back_are_restored(pc: Path, state: Path, kernel: Callable[..., list[str]]) -> None:
    """As old kernels do: a policy without CPUs is busy, and has forgotten its governor afterwards."""
    files = [f"{CPU}/cpufreq/policy3/{name}" for name in ("affected_cpus", "scaling_governor")]

    def forget(board: Board, item: str, value: str) -> str:
        if item == f"{CPU}/cpu3/online":
            plant(pc, dict(zip(files, ["3", "performance"] if value == "1" else ["", ""], strict=True)))
        return value

    kernel(forget)
    before = contents(pc)
    with hardware.applied(hardware.parse("cores=3 governor=performance"), pc, state) as applied:
        assert [item for item in applied.values if "policy3" in item] == []
    assert contents(pc) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from perftransfer.measuring import hardware

root, state = Path(sys.argv[1]), Path(sys.argv[2])
with hardware.applied(hardware.parse("governor=performance cpu_max_khz=1113600 emc_clock_hz=1062400000"), root, state):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(tx2: Path, state: Path) -> dict[str, str]:
    before = contents(tx2)
    environment = {**os.environ, "PYTHONPATH": package_path()}
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tx2), str(state)], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert contents(tx2) != before
    return before


def test_restore_after_a_kill(killed: dict[str, str], tx2: Path, state: Path) -> None:
    assert f"{BPMP_EMC}/rate" in hardware.restore(state, tx2)
    assert contents(tx2) == killed
    assert not state.exists()
    assert hardware.restore(state, tx2) == []


def test_the_next_run_restores_first(killed: dict[str, str], tx2: Path, state: Path) -> None:
    with hardware.applied([], tx2, state):
        assert contents(tx2) == killed
    assert contents(tx2) == killed


def test_what_cannot_be_restored_stays_on_record(
    killed: dict[str, str], tx2: Path, state: Path, kernel: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(board: Board, item: str, value: str) -> str:
        if item.endswith("policy0/scaling_governor"):
            raise PermissionError(errno.EACCES, "Permission denied", item)
        return value

    with monkeypatch.context():
        kernel(refuse)
        with pytest.raises(hardware.NotRestoredError, match=r"scaling_governor was 'schedutil': permission denied"):
            hardware.restore(state, tx2)
    assert len(json.loads(state.read_text())["originals"]) == 1
    monkeypatch.undo()
    hardware.restore(state, tx2)
    assert contents(tx2) == killed


@pytest.mark.parametrize("content", ["{", "[]", '{"host": "another", "originals": []}'])
def test_a_state_file_that_is_not_ours(content: str, pc: Path, state: Path) -> None:
    state.parent.mkdir()
    state.write_text(content)
    with pytest.raises(hardware.NotRestoredError, match=r"hardware\.json"):
        hardware.restore(state, pc)
    assert state.read_text() == content


def plant_state(state: Path, kind: str, item: str, value: str) -> None:
    state.parent.mkdir(mode=0o755, exist_ok=True)
    state.write_text(json.dumps({"host": platform.node(), "originals": [[kind, item, value]]}))
    state.chmod(0o644)


@pytest.mark.parametrize(
    ("kind", "item", "value"),
    [
        ("cpufreq", "etc/passwd", "root::0:0"), ("cpufreq", "/etc/passwd", "1"),
        ("cpufreq", f"{CPU}/cpu0/../../../../../etc/passwd", "1"), ("cpufreq", f"{CPU}/cpu0/online/../x", "1"),
        ("cpufreq", f"{CPU}/cpufreq/policy0/scaling_setspeed", "1"), ("devfreq", "sys/class/devfreq/../min_freq", "1"),
        ("nvidia_smi", "gpu0.fan", "1"), ("nvidia_smi", "gpu0.power_limit_w", "1\n2"), ("plugin", "x", "1"),
        ("cpufreq", f"{CPU}/cpufreq/policy0/scaling_governor", ""), ("nvpmodel", "nvpmodel", "1; reboot"),
    ],
)  # fmt: skip
def test_only_what_settings_change_is_ever_put_back(
    tmp_path: Path, state: Path, kind: str, item: str, value: str
) -> None:
    plant_state(state, kind, item, value)
    before = contents(plant(tmp_path / "root", {"etc/passwd": "root:x", f"{CPU}/cpu0/online": "1"}))
    with pytest.raises(hardware.NotRestoredError, match=r"hardware\.json: .* nothing was written"):
        hardware.restore(state, tmp_path / "root", FakePrograms())
    assert contents(tmp_path / "root") == before


@pytest.mark.parametrize("untrusted", ["file of others", "folder of others", "writable", "open folder", "link"])
def test_a_state_that_others_can_have_written_is_not_trusted(tx2: Path, state: Path, untrusted: str) -> None:
    item = f"{CPU}/cpufreq/policy0/scaling_governor"
    plant_state(state, "cpufreq", item, "performance")
    before = contents(tx2)
    if untrusted == "writable":
        state.chmod(0o664)
    elif untrusted == "open folder":
        state.parent.chmod(0o777)
    elif untrusted == "link":
        state.rename(state.with_name("elsewhere"))
        state.symlink_to("elsewhere")
    elif os.geteuid():
        pytest.skip("only root can give a file away")
    else:
        os.chown(state if untrusted == "file of others" else state.parent, 12345, 12345)
    with pytest.raises(UserError, match="not trusted; nothing was written"):
        hardware.restore(state, tx2)
    assert contents(tx2) == before


def test_root_keeps_its_state_where_only_root_can_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert hardware.default_state() == Path("/var/lib/perftransfer/hardware.json")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert hardware.default_state() == Path("/var/tmp/perftransfer-1000/hardware.json")


def test_one_at_a_time(pc: Path, state: Path) -> None:
    with hardware.applied(hardware.parse("governor=performance"), pc, state):
        with pytest.raises(UserError, match="another process"):
            hardware.restore(state, pc)
        assert (pc / CPU / "cpufreq/policy0/scaling_governor").read_text().strip() == "performance"


def test_card_settings(tmp_path: Path, state: Path) -> None:
    run = FakePrograms()
    before = dict(run.fields)
    settings = hardware.parse("gpu0.power_limit_w=300 gpu0.clock_mhz=1410 gpu0.application_clocks_mhz=1593,1410 gpu=0")
    with hardware.applied(settings, tmp_path, state, run) as applied:
        assert applied.values["gpu0.power_limit_w"] == "300"
        assert run.fields["persistence_mode"] == "Enabled"
        assert "--lock-gpu-clocks=1410,1410" in run.orders
    assert run.fields == before
    assert run.orders[-1] == "--persistence-mode=0"
    assert "--reset-gpu-clocks" in run.orders


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gpu0.power_limit_w=900", "found 900, allowed 200 to 700"),
        ("gpu0.clock_mhz=1411", "Did you mean '1410'"),
        ("gpu0.application_clocks_mhz=1593,1980", "Allowed: 2619,1980, 2619,1410, 1593,1410"),
        ("gpu=1", "Allowed: 0"),
    ],
)
def test_a_card_that_does_not_offer_it(text: str, words: str, tmp_path: Path, state: Path) -> None:
    run = FakePrograms()
    with (
        pytest.raises(hardware.SettingError, match=words),
        hardware.applied(hardware.parse(text), tmp_path, state, run),
    ):
        pass
    assert run.orders == []


def test_a_card_that_does_not_obey(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from perftransfer.measuring.hardware import nvidia_smi

    monkeypatch.setattr(nvidia_smi.NvidiaCard, "settles_seconds", 0.0, raising=False)
    run = FakePrograms(stuck="clocks.current.graphics")
    with (
        pytest.raises(hardware.SettingError, match="expected '1410', read back '345'"),
        hardware.applied(hardware.parse("gpu0.clock_mhz=1410"), tmp_path, state, run),
    ):
        pass
    assert run.orders[-2:] == ["--reset-gpu-clocks", "--persistence-mode=0"]


def test_a_lock_that_is_refused_is_not_undone(tmp_path: Path, state: Path) -> None:
    run = FakePrograms()

    def no_memory_locks(command: Sequence[str]) -> str:
        if "memory-clocks" in command[-1]:
            raise subprocess.CalledProcessError(3, command, stderr="Setting locked memory clocks is not supported")
        return run(command)

    settings = hardware.parse("gpu0.clock_mhz=1410 gpu0.memory_clock_mhz=1593")
    with (
        pytest.raises(hardware.SettingError, match="locked memory clocks is not supported"),
        hardware.applied(settings, tmp_path, state, no_memory_locks),
    ):
        pass
    assert run.orders[-2:] == ["--reset-gpu-clocks", "--persistence-mode=0"]
    assert not state.exists()


def test_a_program_that_is_not_there_or_fails(tmp_path: Path, state: Path) -> None:
    def absent(command: Sequence[str]) -> str:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", command[0])

    def failing(command: Sequence[str]) -> str:
        raise subprocess.CalledProcessError(9, command, stderr="No devices were found\n")

    for run, words in ((absent, "there is no nvidia-smi"), (failing, "ended with status 9: No devices were found")):
        with (
            pytest.raises(hardware.SettingError, match=words),
            hardware.applied(hardware.parse("gpu0.power_limit_w=300"), tmp_path, state, run),
        ):
            pass


def test_a_power_mode_comes_first_and_takes_its_side_effects_back(tx2: Path, state: Path) -> None:
    run = FakePrograms(mode="1")

    def with_side_effects(command: Sequence[str]) -> str:
        if command[1] == "-m":
            plant(tx2, {f"{CPU}/cpufreq/policy0/scaling_max_freq": "1113600", f"{CPU}/cpu1/online": "0"})
        return run(command)

    before = contents(tx2)
    with hardware.applied(hardware.parse("cpu_max_khz=345600 nvpmodel=0"), tx2, state, with_side_effects):
        assert run.mode == "0"
        assert (tx2 / CPU / "cpufreq/policy0/scaling_max_freq").read_text().strip() == "345600"
    assert run.orders == ["-m 0", "-m 1"]
    assert contents(tx2) == before


def test_a_power_mode_that_needs_a_reboot(tx2: Path, state: Path) -> None:
    with (
        pytest.raises(hardware.SettingError, match="nvpmodel=0: nvpmodel: expected '0', read back '1'"),
        hardware.applied(hardware.parse("nvpmodel=0"), tx2, state, FakePrograms(stuck="nvpmodel")),
    ):
        pass


def test_options_offered(pc: Path, tx1: Path, tx2: Path, orin: Path) -> None:
    run = FakePrograms()
    assert hardware.options_offered(pc, run) == {
        "cores": [1, 2, 3, 4],
        "governor": ["performance", "powersave"],
        "cpu_min_khz": [800000, 4000000],
        "cpu_max_khz": [800000, 4000000],
        "gpu0.power_limit_w": ["200", "700"],
        "gpu0.clock_mhz": ["1980", "1410", "345"],
        "gpu0.memory_clock_mhz": ["2619", "1593"],
        "gpu0.application_clocks_mhz": ["2619,1980", "2619,1410", "1593,1410"],
    }
    assert hardware.options_offered(tx1, run)["emc_clock_hz"] == [204000000, 408000000, 1600000000]
    offered = hardware.options_offered(tx2, run)
    assert offered["gpu_clock_hz"] == [114750000, 624750000, 1300500000]
    assert offered["emc_clock_hz"] == [40800000, 408000000, 1062400000, 1866000000]
    assert offered["nvpmodel"] == [0, 1]
    offered = hardware.options_offered(orin, run)
    assert offered["governor"] == ["schedutil"]
    assert offered["policy0.governor"] == ["performance", "schedutil"]


def test_every_value_offered_can_be_set(tx2: Path, state: Path) -> None:
    run = FakePrograms()
    for name, values in hardware.options_offered(tx2, run).items():
        for value in values:
            with hardware.applied(hardware.parse(f"{name}={value}"), tx2, state, run) as applied:
                assert applied.changed() == [], f"{name}={value}"


def test_placement() -> None:
    settings = hardware.parse("cpus=0,2-3 gpu=1")
    assert placement.cpus_of(settings) == [0, 2, 3]
    assert placement.gpu_of(settings, "3") == 1
    assert placement.gpu_of([], "2,3") == 2
    assert placement.gpu_of([], None) == placement.gpu_of([], "GPU-5e1b") == 0
    assert placement.cpus_of([]) is None
