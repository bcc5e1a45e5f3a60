"""Checks the energy counters against fake trees of the kernel's files and a fake library of the driver."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from perftransfer.measuring.counters import CATALOGUE, available, hwmon, nvml
from perftransfer.measuring.counters.hwmon import HwmonCounter
from perftransfer.measuring.counters.interface import Counter, CounterError, Energy
from perftransfer.measuring.counters.nvml import NvmlCounter
from perftransfer.measuring.counters.rapl import RaplCounter

# What an Intel desktop says: 2^32 - 1 steps of 61.035 µJ; and the memory of a server: of 15.3 µJ.
PACKAGE_RANGE = 262143328850
MEMORY_RANGE = 65712999613


def write(folder: Path, **files: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(f"{content}\n")
    return folder


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


# RAPL


def zone(root: Path, path: str, name: str, energy_uj: object, range_uj: int = PACKAGE_RANGE) -> Path:
    return write(
        root / "sys/class/powercap" / path, name=name, energy_uj=energy_uj, max_energy_range_uj=range_uj, enabled=1
    )


@pytest.fixture
def two_packages(tmp_path: Path) -> Path:
    """Two packages with cores and memory, the platform, and the packages once more through another interface."""
    for number in (0, 1):
        top = f"intel-rapl:{number}"
        zone(tmp_path, top, f"package-{number}", 1_000_000)
        zone(tmp_path, f"{top}/{top}:0", "core", 500_000)
        zone(tmp_path, f"{top}/{top}:1", "dram", 200_000, MEMORY_RANGE)
    zone(tmp_path, "intel-rapl:2", "psys", 9_000_000)
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 1_000_000)
    write(tmp_path / "sys/class/powercap/intel-rapl", enabled=1)
    return tmp_path


def count(root: Path, path: str, energy_uj: object) -> None:
    write(root / "sys/class/powercap" / path, energy_uj=energy_uj)


def test_packages_and_their_memory_are_added_and_nothing_that_overlaps(two_packages: Path) -> None:
    clock = Clock()
    counter = RaplCounter.find(two_packages, clock=clock)
    counter.start()
    clock.now = 2.0
    count(two_packages, "intel-rapl:0", 1_000_000 + 30_000)
    count(two_packages, "intel-rapl:1", 1_000_000 + 4_000)
    count(two_packages, "intel-rapl:0/intel-rapl:0:1", 200_000 + 500)
    for others in ("intel-rapl:0/intel-rapl:0:0", "intel-rapl:2", "intel-rapl-mmio:0"):
        count(two_packages, others, 77_000_000)
    assert counter.stop() == Energy(millijoules=34.5, seconds=2.0, steps=None)


def test_rapl_says_what_it_covers_and_how_finely(two_packages: Path) -> None:
    counter = RaplCounter.find(two_packages)
    named = [part.split(" (")[0] for part in counter.covers.split("), ")]
    assert named == ["package-0", "package-0 dram", "package-1", "package-1 dram"]
    assert "psys" not in counter.covers
    assert counter.resolution_mj == pytest.approx(2 * (0.061035 + 0.0153), rel=1e-6)
    assert counter.update_seconds == 0.001


def test_packages_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2):
        zone(tmp_path, f"intel-rapl:{number}", f"package-{number}", 0)
    assert [zone.folder.name for zone in RaplCounter.find(tmp_path).zones] == ["intel-rapl:2", "intel-rapl:10"]


@pytest.mark.parametrize(
    ("before", "after", "microjoules"),
    [(10, 10, 0), (10, 25, 15), (PACKAGE_RANGE - 4, 10, 15), (PACKAGE_RANGE, 0, 1), (0, PACKAGE_RANGE, PACKAGE_RANGE)],
)
def test_a_counter_that_wraps_around_counts_on(tmp_path: Path, before: int, after: int, microjoules: int) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", before)
    counter = RaplCounter.find(tmp_path)
    counter.start()
    count(tmp_path, "intel-rapl:0", after)
    assert counter.stop().millijoules == microjoules / 1e3


def test_each_zone_wraps_around_at_its_own_range(two_packages: Path) -> None:
    counter = RaplCounter.find(two_packages)
    count(two_packages, "intel-rapl:1/intel-rapl:1:1", MEMORY_RANGE)
    counter.start()
    count(two_packages, "intel-rapl:1/intel-rapl:1:1", 999)
    assert counter.stop().millijoules == 1.0


def test_no_powercap_no_packages_or_no_numbers_are_reasons(tmp_path: Path) -> None:
    with pytest.raises(CounterError, match=r"sys/class/powercap has no zone intel-rapl:0; a virtual machine"):
        RaplCounter.find(tmp_path)
    zone(tmp_path, "intel-rapl:0", "psys", 0)
    with pytest.raises(CounterError, match="no processor package, only psys"):
        RaplCounter.find(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", "plenty")
    with pytest.raises(CounterError, match="energy_uj holds 'plenty', not a whole number"):
        RaplCounter.find(tmp_path)
    zone(tmp_path, "intel-rapl:0", "package-0", 1, range_uj=0)
    with pytest.raises(CounterError, match="max_energy_range_uj holds 0"):
        RaplCounter.find(tmp_path)


def test_a_zone_that_cannot_be_read_leaves_no_counter_that_covers_less(two_packages: Path) -> None:
    file = two_packages / "sys/class/powercap/intel-rapl:0/intel-rapl:0:1/energy_uj"
    file.unlink()
    file.mkdir()
    with pytest.raises(CounterError, match="intel-rapl:0:1/energy_uj cannot be read: Is a directory"):
        RaplCounter.find(two_packages)


def test_who_may_not_read_is_told_what_is_needed(two_packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root reads whatever the permissions are: the refusal has to be played.
    read = Path.read_text

    def refuse(path: Path) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_text", refuse)
    expected = "intel-rapl:0/energy_uj cannot be read: Permission denied; give the measuring user read permission"
    with pytest.raises(CounterError, match=expected):
        RaplCounter.find(two_packages)


@pytest.mark.parametrize("vanishes_before", ["start", "stop"])
def test_a_zone_that_vanishes_is_an_error_in_words(tmp_path: Path, vanishes_before: str) -> None:
    folder = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    counter = RaplCounter.find(tmp_path)
    if vanishes_before == "stop":
        counter.start()
    (folder / "energy_uj").unlink()
    with pytest.raises(CounterError, match="energy_uj cannot be read: No such file"):
        getattr(counter, vanishes_before)()


# NVML


class Library:
    """What libnvidia-ml.so.1 offers, for GPUs with the given counters in millijoules (None: has no counter)."""

    def __init__(self, *counters: int | None, init: int = 0) -> None:
        self.counters = list(counters)
        self.init = init
        self.lost = False

    def nvmlInit_v2(self) -> int:  # noqa: N802
        return self.init

    def nvmlDeviceGetHandleByIndex_v2(self, index, device) -> int:  # noqa: N802
        if index.value >= len(self.counters):
            return 2
        device.contents.value = 1000 + index.value
        return 0

    def nvmlDeviceGetName(self, device, name, length) -> int:  # noqa: N802
        assert length.value == len(name)
        name.value = b"NVIDIA Fake %d" % device.value
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, device, energy) -> int:  # noqa: N802
        counter = self.counters[device.value - 1000]
        if self.lost:
            return 15
        if counter is None:
            return 3
        energy.contents.value = counter
        return 0


def test_a_gpu_counts_millijoules_and_the_right_one_is_asked() -> None:
    clock, library = Clock(), Library(5, 2**40)
    counter = NvmlCounter(1, library, clock)
    counter.start()
    clock.now, library.counters = 4.0, [999, 2**40 + 1234]
    assert counter.stop() == Energy(1234.0, 4.0, None)
    assert counter.covers == "GPU 1, NVIDIA Fake 1001 (whole board)"
    assert counter.resolution_mj == 1.0


@pytest.mark.parametrize(
    ("library", "gpu", "reason"),
    [
        (Library(None), 0, "nvmlDeviceGetTotalEnergyConsumption of GPU 0: not supported by this GPU"),
        (Library(7), 3, "nvmlDeviceGetHandleByIndex_v2 of GPU 3: there is no such GPU"),
        (Library(7, init=9), 0, "nvmlInit_v2 of GPU 0: NVIDIA's driver is not loaded"),
        (Library(7, init=77), 0, "nvmlInit_v2 of GPU 0: error 77"),
        (object(), 0, "nvmlInit_v2 of GPU 0: the driver is too old to have it"),
    ],
)
def test_a_gpu_without_a_counter_gives_the_reason(library: object, gpu: int, reason: str) -> None:
    with pytest.raises(CounterError, match=reason):
        NvmlCounter(gpu, library)


def test_a_gpu_that_is_lost_or_counts_anew_gives_no_energy() -> None:
    library = Library(500)
    counter = NvmlCounter(0, library)
    counter.start()
    library.counters = [3]
    with pytest.raises(CounterError, match="started anew"):
        counter.stop()
    counter.start()
    library.lost = True
    with pytest.raises(CounterError, match="fallen off the bus"):
        counter.stop()


def test_a_library_that_is_not_installed_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "_LIBRARY", "libno-such-thing.so.1")
    with pytest.raises(CounterError, match=r"libno-such-thing\.so\.1 is not installed; it is part of NVIDIA's driver"):
        NvmlCounter.find()


# hwmon


def ina3221(root: Path, number: int, rails: dict[str, tuple[int, int]], **extra: object) -> Path:
    """A sensor as mainline Linux shows it: (mV, mA) by rail, and the sum of shunt voltages that is no rail."""
    files: dict[str, object] = {"name": "ina3221", "in7_label": "sum of shunt voltages", "in7_input": 5, **extra}
    for channel, (label, (voltage, current)) in enumerate(rails.items(), start=1):
        files |= {f"in{channel}_label": label, f"in{channel}_input": voltage, f"curr{channel}_input": current}
    return write(root / f"sys/class/hwmon/hwmon{number}", **files)


def ina3221x(root: Path, address: str, rails: dict[str, int]) -> Path:
    """A sensor as JetPack 4 shows it: mW by rail."""
    files: dict[str, object] = {}
    for channel, (label, power) in enumerate(rails.items()):
        files |= {f"rail_name_{channel}": label, f"in_power{channel}_input": power, f"in_voltage{channel}_input": 19000}
    return write(root / f"sys/bus/i2c/drivers/ina3221x/{address}/iio:device0", **files)


def tx2(root: Path) -> Path:
    ina3221x(root, "0-0040", {"VDD_SYS_GPU": 150, "VDD_SYS_SOC": 600, "VDD_4V0_WIFI": 19})
    return ina3221x(root, "0-0041", {"VDD_IN": 3000, "VDD_SYS_CPU": 900, "VDD_SYS_DDR": 700})


def power(counter: HwmonCounter) -> float:
    return sum(rail.read_mw() for rail in counter.rails)


def test_the_whole_input_is_counted_where_there_is_one(tmp_path: Path) -> None:
    tx2(tmp_path / "tx2")
    ina3221(tmp_path / "nx", 3, {"VDD_IN": (5000, 1200), "VDD_CPU_GPU_CV": (5000, 300), "VDD_SOC": (5000, 200)})
    ina3221x(tmp_path / "nano", "6-0040", {"POM_5V_IN": 2100, "POM_5V_GPU": 40, "POM_5V_CPU": 400})
    by_board = {board: HwmonCounter.find(tmp_path / board) for board in ("tx2", "nx", "nano")}
    assert {board: power(counter) for board, counter in by_board.items()} == {"tx2": 3000, "nx": 6000, "nano": 2100}
    assert by_board["tx2"].covers == "rail VDD_IN (whole input of the module)"
    assert by_board["nano"].covers == "rail POM_5V_IN (whole input of the module)"


def test_without_a_whole_input_all_rails_are_added_but_those_behind_another(tmp_path: Path) -> None:
    ina3221(tmp_path, 1, {"VDD_GPU_SOC": (19000, 100), "VDD_CPU_CV": (19000, 10), "VIN_SYS_5V0": (5000, 200)})
    ina3221(tmp_path, 2, {"NC": (0, 0), "VDDQ_VDD2_1V8AO": (5000, 50)})
    write(tmp_path / "sys/class/hwmon/hwmon0", name="cpu_thermal", temp1_input=45000)
    write(tmp_path / "sys/class/hwmon/hwmon4", temp1_input=45000)
    counter = HwmonCounter.find(tmp_path)
    assert power(counter) == 1900 + 190 + 1000
    assert counter.covers == "rails VDD_GPU_SOC, VDD_CPU_CV, VIN_SYS_5V0 (added: no rail is the whole input)"


def test_a_channel_that_is_switched_off_is_no_rail(tmp_path: Path) -> None:
    ina3221(tmp_path, 1, {"GPU": (5000, 100), "CPU": (5000, 10)}, in2_enable=0, in1_enable=1)
    assert [rail.name for rail in HwmonCounter.find(tmp_path).rails] == ["GPU"]


def test_rails_can_be_chosen_by_name(tmp_path: Path) -> None:
    tx2(tmp_path)
    counter = HwmonCounter.find(tmp_path, rails=["VDD_SYS_CPU", "VDD_SYS_GPU"])
    assert power(counter) == 1050
    assert counter.covers == "rails VDD_SYS_GPU, VDD_SYS_CPU"
    with pytest.raises(CounterError, match="there is no rail VDD_NPU; there are: VDD_SYS_GPU, VDD_SYS_SOC"):
        HwmonCounter.find(tmp_path, rails=["VDD_SYS_CPU", "VDD_NPU"])


def test_a_rail_that_cannot_be_read_is_a_reason(tmp_path: Path) -> None:
    (tx2(tmp_path) / "in_power0_input").unlink()
    with pytest.raises(CounterError, match="in_power0_input cannot be read: No such file"):
        HwmonCounter.find(tmp_path)
    ina3221(tmp_path, 1, {"NC": (0, 0)})
    with pytest.raises(CounterError, match="no rail can be counted; there are: NC"):
        HwmonCounter.find(tmp_path)


def test_power_is_integrated_over_time_not_summed() -> None:
    assert hwmon.integrate([0.0, 1.0, 4.0], [100.0, 100.0, 100.0]) == 400.0
    # A ramp, sampled at uneven times: trapezoids are exact.
    times = [0.0, 0.1, 0.15, 0.7, 1.3, 2.0]
    assert hwmon.integrate(times, [50 + 30 * t for t in times]) == pytest.approx(100 + 60)
    # Ten times as many readings: the same energy.
    fine = [2.0 * i / 1000 for i in range(1001)]
    assert hwmon.integrate(fine, [100 * math.sin(t) ** 2 for t in fine]) == pytest.approx(50 * (2 - math.sin(4) / 2))


@pytest.mark.parametrize(("times", "powers"), [([], []), ([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([2.0, 1.0], [1.0, 1.0])])
def test_what_cannot_be_integrated_is_refused(times: list[float], powers: list[float]) -> None:
    with pytest.raises(ValueError, match=r"needed|falls"):
        hwmon.integrate(times, powers)


def sampled(clock: Clock, curve: Callable[[float], float], *, step_mw: float | None = None) -> HwmonCounter:
    """A counter whose thread sleeps through the test: the test takes the samples."""
    rail = hwmon.Rail("VDD_IN", lambda: curve(clock.now), step_mw)
    return HwmonCounter([rail], "rail VDD_IN", period=3600.0, clock=clock)


def test_samples_between_start_and_stop_make_the_energy() -> None:
    clock = Clock()
    counter = sampled(clock, lambda now: 1000 + 200 * now)
    for begin in (0.0, 100.0):
        clock.now = begin
        counter.start()
        for offset in (0.5, 0.6, 2.0):
            clock.now = begin + offset
            counter.step()
        clock.now = begin + 3.0
        energy = counter.stop()
        assert energy == Energy(pytest.approx(3000 + 100 * ((begin + 3) ** 2 - begin**2)), 3.0, 5)


def test_the_thread_takes_samples_by_itself() -> None:
    rail = hwmon.Rail("VDD_IN", lambda: 2000.0)
    counter = HwmonCounter([rail], "rail VDD_IN", period=0.001)
    counter.start()
    deadline = time.monotonic() + 10
    while len(counter._times) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    energy = counter.stop()
    assert energy.steps is not None
    assert energy.steps >= 5
    assert energy.millijoules == pytest.approx(2000 * energy.seconds)


def test_a_rail_that_vanishes_meanwhile_is_an_error_and_the_counter_can_start_again(tmp_path: Path) -> None:
    folder = tx2(tmp_path)
    counter = HwmonCounter.find(tmp_path, period=0.001)
    counter.start()
    (folder / "in_power0_input").unlink()
    assert counter._thread is not None
    counter._thread.join(timeout=10)
    write(folder, in_power0_input=3000)
    # It is back, but what was drawn meanwhile nobody knows.
    with pytest.raises(CounterError, match="in_power0_input cannot be read"):
        counter.stop()
    counter.start()
    assert counter.stop().seconds > 0


def test_a_running_counter_is_not_started_twice() -> None:
    counter = sampled(Clock(), lambda now: 1.0)
    counter.start()
    with pytest.raises(CounterError, match="running already"):
        counter.start()
    counter.stop()


def test_steps_and_refreshments_come_from_the_sensor(tmp_path: Path) -> None:
    # 40 µV across 5 mΩ are 8 mA, at 5 V 40 mW.
    ina3221(tmp_path, 1, {"VDD_IN": (5000, 1200)}, shunt1_resistor=5000, update_interval=36)
    counter = HwmonCounter.find(tmp_path, period=0.01)
    assert counter.step_mw == 40
    assert counter.resolution_mj == pytest.approx(0.4)
    assert counter.update_seconds == 0.036
    ina3221(tmp_path, 1, {}, shunt1_resistor=200_000)
    assert HwmonCounter.find(tmp_path).step_mw == 5


def test_without_word_of_the_shunt_the_step_is_not_known(tmp_path: Path) -> None:
    tx2(tmp_path)
    counter = HwmonCounter.find(tmp_path, period=0.02)
    assert counter.resolution_mj is None
    assert counter.update_seconds == 0.02


# All of them


def test_resolution_is_that_of_the_step_or_of_the_refreshments_whichever_is_coarser(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    counter = RaplCounter.find(tmp_path)
    assert counter.relative_resolution(Energy(50.0, 0.02, None)) == pytest.approx(0.05)
    assert counter.relative_resolution(Energy(0.61, 10.0, None)) == pytest.approx(0.061035 / 0.61, rel=1e-4)
    assert counter.relative_resolution(Energy(0.0, 0.5, None)) == math.inf


def test_a_counter_that_tells_nothing_has_no_resolution() -> None:
    class Mute(Counter):
        resolution_mj = None
        update_seconds = None

        @classmethod
        def find(cls, root: Path = Path("/"), gpu: int = 0) -> Mute:
            return cls()

        def start(self) -> None: ...

        def stop(self) -> Energy:
            return Energy(5.0, 1.0, None)

    mute = Mute()
    assert mute.relative_resolution(mute.stop()) is None


def test_few_late_or_coarse_samples_show_in_the_resolution() -> None:
    fine = HwmonCounter([hwmon.Rail("VDD_IN", lambda: 1.0)], "", period=0.01)
    assert fine.relative_resolution(Energy(3000.0, 1.0, 101)) == pytest.approx(0.01)
    assert fine.relative_resolution(Energy(3000.0, 1.0, 11)) == pytest.approx(0.1)
    assert fine.relative_resolution(Energy(0.0, 1.0, 11)) == math.inf
    coarse = HwmonCounter([hwmon.Rail("VDD_IN", lambda: 1.0, step_mw=400.0)], "", period=0.01)
    assert coarse.relative_resolution(Energy(2000.0, 1.0, 101)) == pytest.approx(0.2)


def test_what_was_not_started_cannot_be_stopped(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    tx2(tmp_path)
    counters: list[Counter] = [RaplCounter.find(tmp_path), NvmlCounter(0, Library(1)), HwmonCounter.find(tmp_path)]
    for counter in counters:
        counter.start()
        counter.stop()
        with pytest.raises(CounterError, match="not started"):
            counter.stop()


def test_counters_that_are_there_are_found_and_have_words_for_what_they_cover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    tx2(tmp_path)
    monkeypatch.setattr(nvml, "load_library", lambda: Library(1, 2))
    counters, reasons = available(tmp_path, gpu=1)
    assert [counter.name for counter in counters] == CATALOGUE.names() == ["hwmon", "nvml", "rapl"]
    assert all(counter.covers for counter in counters)
    assert reasons == []


def test_of_those_that_are_not_there_each_has_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> object:
        raise CounterError("libnvidia-ml.so.1 is not installed")

    monkeypatch.setattr(nvml, "load_library", missing)
    counters, reasons = available(tmp_path)
    assert counters == []
    assert [reason.split(":")[0] for reason in reasons] == ["hwmon", "NVML", "RAPL"]
    assert "no sensor INA3221" in reasons[0]
    assert reasons[1] == "NVML: libnvidia-ml.so.1 is not installed"
    assert "has no zone" in reasons[2]


def test_this_machine_can_be_asked_whatever_it_has() -> None:
    counters, reasons = available()
    assert len(counters) + len(reasons) == 3
