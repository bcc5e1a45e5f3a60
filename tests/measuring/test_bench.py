"""Checks that everything asked for is measured once, whatever happens in between."""

from __future__ import annotations

import json
import logging
import os
import platform
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import psutil
import pytest
import tiny_network
from onnx import TensorProto, helper, numpy_helper

from perftransfer.errors import UserError
from perftransfer.measuring import bench, journal, server
from perftransfer.measuring.bench import Environment, Session, measure_environment
from perftransfer.measuring.engines.simulated import Simulated
from perftransfer.measuring.feed import Fill
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.package_path import package_path

PROTOCOL = Protocol(1, 0.0, 3, 0.0, timeout_seconds=20.0, max_warmup_seconds=0.0, max_seconds=0.0)
ENVIRONMENT = Environment(
    name="simulated-a",
    engine="simulated",
    network="none",
    network_version=0,
    cores="all",
    workload={"batch": 1, "image_px": 128},
    files={},
    seed=1,
)
CONFIGURATIONS = {f"c{threads}": {"threads": threads} for threads in (1, 2, 4)}


def measure(path: Path, configurations: dict[str, dict[str, Any]] = CONFIGURATIONS, **changes: Any) -> list[Any]:
    settings = {"environment": ENVIRONMENT, "repeats": 2, "protocol": PROTOCOL, "seed": 5, **changes}
    environment = settings.pop("environment")
    return measure_environment(environment, configurations, journal_path=path, **settings)


def order(records: list[Any]) -> list[tuple[str, int]]:
    return [(r["configuration_id"], r["repeat"]) for r in sorted(records, key=lambda r: r["order"])]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "simulated-a.jsonl"


def test_everything_is_measured_once_and_returned_in_the_order_asked_for(path: Path) -> None:
    records = measure(path)
    expected = [(configuration, repeat) for configuration in CONFIGURATIONS for repeat in range(2)]
    assert [(r["configuration_id"], r["repeat"]) for r in records] == expected
    assert {r["status"] for r in records} == {"ok"}
    assert [r["options"] for r in records[::2]] == list(CONFIGURATIONS.values())
    assert all(len(r["latency_ms"]) == 3 and r["protocol"] == PROTOCOL.key for r in records)
    assert sorted(r["order"] for r in records) == list(range(6))
    in_journal = [r for r in journal.read(path) if r["record"] == "measurement"]
    assert sorted(map(json.dumps, in_journal)) == sorted(map(json.dumps, records))


def test_the_order_is_random_over_configurations_and_repeats_and_the_seed_decides_it(tmp_path: Path) -> None:
    configurations = {f"c{i}": {"threads": i} for i in range(1, 21)}
    orders = [order(measure(tmp_path / f"{n}.jsonl", configurations, seed=seed)) for n, seed in enumerate((1, 1, 2))]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    first_half = orders[0][:20]
    assert {repeat for _, repeat in first_half} == {0, 1}
    assert [c for c, _ in first_half] != sorted(c for c, _ in first_half)


def test_a_journal_whose_options_contradict_their_id_is_refused(path: Path) -> None:
    measure(path)
    path.write_text(path.read_text().replace('"options":{"threads":4}', '"options":{"threads":2}'))
    with pytest.raises(UserError, match=r"line \d+: options contradict the configuration_id c4: threads is 2, not 4"):
        measure(path)
    # It is free again.
    with pytest.raises(UserError, match="contradict"):
        measure(path)


def test_a_journal_whose_line_on_the_machine_is_damaged_still_has_its_measurements(path: Path) -> None:
    measure(path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line[20:] if '"record":"host"' in line else line for line in lines))
    assert bench.metadata(measure(path), path, "simulated-a")["host"] == {}


def test_a_second_call_measures_nothing(path: Path) -> None:
    first = measure(path)
    content = path.read_bytes()
    assert measure(path, seed=99) == first
    assert path.read_bytes() == content


def test_more_repeats_and_configurations_only_add(path: Path) -> None:
    first = measure(path)
    content = path.read_bytes()
    records = measure(path, {"c0": {"threads": 3}, **CONFIGURATIONS}, repeats=3)
    assert path.read_bytes().startswith(content)
    assert len(records) == 12
    assert [r for r in records if r["repeat"] < 2 and r["configuration_id"] != "c0"] == first
    assert sorted(r["order"] for r in records) == list(range(12))
    assert measure(path) == first


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": replace(PROTOCOL, runs=4)},
        {"environment": replace(ENVIRONMENT, workload={"batch": 2, "image_px": 128})},
        {"environment": replace(ENVIRONMENT, network_version=1)},
        {"environment": replace(ENVIRONMENT, seed=2)},
    ],
    ids=["protocol", "workload", "network", "seed"],
)
def test_what_changes_numbers_is_measured_anew_and_the_old_stays(path: Path, change: dict[str, Any]) -> None:
    first = measure(path)
    content = path.read_bytes()
    second = measure(path, **change)
    assert path.read_bytes().startswith(content)
    assert not [record for record in second if record in first]
    assert measure(path) == first


def test_another_time_out_or_name_measures_nothing_anew(path: Path) -> None:
    first = measure(path)
    assert measure(path, protocol=replace(PROTOCOL, timeout_seconds=1.0)) == first
    assert measure(path, environment=replace(ENVIRONMENT, name="simulated-b")) == first


def test_another_version_of_the_engine_is_another_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measure(path)
    monkeypatch.setattr(Simulated, "versions", lambda self: {"simulated": "2"})
    second = measure(path)
    assert first[0]["environment_digest"] != second[0]["environment_digest"]
    assert [host["versions"] for host in journal.hosts(journal.read(path)).values()] == [
        {"simulated": "1"},
        {"simulated": "2"},
    ]


def test_failed_measurements_have_a_status_and_are_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The faults end real processes: let the engine be isolated like a real one.
    monkeypatch.setattr(Simulated, "isolated", True)
    faults = {"raise": "failed", "unsupported": "unsupported", "crash": "crashed", "hang": "timeout"}
    configurations = {"fine": {"threads": 1}, **{fault: {"fault": fault} for fault in faults}}
    records = measure(path, configurations, repeats=1, protocol=replace(PROTOCOL, timeout_seconds=1.0))
    assert {r["configuration_id"]: r["status"] for r in records} == {"fine": "ok", **faults}
    failed = [r for r in records if r["status"] != "ok"]
    assert all(r["error"] and "latency_ms" not in r and r["disturbed"] is None for r in failed)
    assert measure(path, configurations, repeats=1, protocol=replace(PROTOCOL, timeout_seconds=1.0)) == records


def test_a_time_out_is_tried_again_once_it_is_given_more_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patient, hasty = replace(PROTOCOL, timeout_seconds=20.0), replace(PROTOCOL, timeout_seconds=1.0)
    outcome = {"status": "timeout", "error": "not finished after 1 s"}
    monkeypatch.setattr(bench, "measure", lambda engine, r, cpus: outcome)
    first = measure(path, {"a": {"threads": 1}}, repeats=1, protocol=hasty)
    assert [record["status"] for record in first] == ["timeout"]
    content = path.read_bytes()
    monkeypatch.undo()
    again = measure(path, {"a": {"threads": 1}}, repeats=1, protocol=patient)
    assert [record["status"] for record in again] == ["ok"]
    assert path.read_bytes().startswith(content)
    assert measure(path, {"a": {"threads": 1}}, repeats=1, protocol=hasty) == again


def test_what_nothing_real_measured_is_never_disturbed(path: Path) -> None:
    assert {(r["external_cpu_share"], r["disturbed"]) for r in measure(path)} == {(None, None)}


def test_a_share_of_others_above_the_threshold_marks_a_measurement(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {1: 0.05, 2: 0.12, 4: 0.5}
    monkeypatch.setattr(
        bench,
        "measure",
        lambda engine, r, cpus: {"status": "ok", "external_cpu_share": shares[r["options"]["threads"]]},
    )
    assert [r["disturbed"] for r in measure(path, repeats=1)] == [False, False, True]


@pytest.mark.parametrize(("change", "disturbed"), [(-0.2, True), (0.06, True), (-0.04, False), (None, None)])
def test_a_clock_that_changed_marks_a_measurement(
    path: Path, monkeypatch: pytest.MonkeyPatch, change: float | None, disturbed: bool | None
) -> None:
    outcome = {"status": "ok", "error": None, "latency_ms": [1.0], "external_cpu_share": None, "cpu_mhz_change": change}
    monkeypatch.setattr(bench, "measure", lambda engine, request, cpus: dict(outcome))
    assert {record["disturbed"] for record in measure(path)} == {disturbed}


def test_too_many_cores_are_bad_input_and_nothing_is_written(path: Path) -> None:
    too_many = len(usable_cpus()) + 1
    with pytest.raises(UserError, match=f"simulated-a: needs {too_many} cores, {too_many - 1} can be used"):
        measure(path, environment=replace(ENVIRONMENT, cores=too_many))
    assert not path.exists()


def test_the_last_cpus_are_taken() -> None:
    assert replace(ENVIRONMENT, cores=1).cpus() == usable_cpus()[-1:]
    assert replace(ENVIRONMENT, cores="all").cpus() == usable_cpus()


def test_a_second_job_on_the_same_journal_is_refused(path: Path) -> None:
    with journal.Journal(path), pytest.raises(UserError, match="another process is measuring"):
        measure(path)


def test_progress_tells_what_is_done_from_before(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    measure(path, repeats=1)
    with caplog.at_level(logging.INFO, "perftransfer"):
        measure(path)
    assert caplog.messages[0] == "simulated-a: 3 of 6, 3 of them from before"
    assert "simulated-a: 6 of 6" in caplog.text


def test_thousands_of_configurations_cost_seconds(path: Path) -> None:
    configurations = {f"{i:05}": {"threads": 1 + i % 4, "memory": i % 2 == 0} for i in range(2_000)}
    started = time.process_time()
    records = measure(path, configurations, repeats=1)
    # About 1 s of the processor; what is read again for each of them would make it minutes.
    assert time.process_time() - started < 15
    assert len(records) == 2_000


JOB = """
import sys, time
from pathlib import Path
from perftransfer.measuring import bench, protocol, server

def slowly(engine, request, cpus):
    time.sleep(0.004)
    return server.measure(engine, request, cpus)

bench.measure = slowly
bench.measure_environment(
    bench.Environment("simulated-a", "simulated", "none", 0, "all", {"batch": 1, "image_px": 128}, {}, 1),
    {f"c{i}": {"threads": i} for i in range(1, 101)},
    repeats=2, protocol=protocol.Protocol(1, 0.0, 3, 0.0, max_warmup_seconds=0.0, max_seconds=0.0),
    journal_path=Path(sys.argv[1]), seed=5,
)
"""


def test_killed_at_random_moments_nothing_finished_is_lost_or_done_twice(path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": package_path()}
    rng = random.Random(7)
    finished: list[Any] = []
    for _ in range(10):
        job = subprocess.Popen([sys.executable, "-c", JOB, str(path)], env=environment, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while len(journal.measurements(journal.read(path))) <= len(finished) + 1:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.08))
        job.kill()
        job.wait()
        now = list(journal.measurements(journal.read(path)).values())
        assert now[: len(finished)] == finished
        assert len(now) > len(finished)
        finished = now
    subprocess.run([sys.executable, "-c", JOB, str(path)], env=environment, check=True, stderr=subprocess.DEVNULL)
    records = [r for r in journal.read(path) if r["record"] == "measurement"]
    assert records[: len(finished)] == finished
    assert sorted((r["configuration_id"], r["repeat"]) for r in records) == sorted(
        (f"c{i}", repeat) for i in range(1, 101) for repeat in range(2)
    )
    assert [r["order"] for r in records] == list(range(200))


def test_what_was_disturbed_is_measured_again_later_and_both_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[int] = []

    def now_and_then(engine: Any, request: dict[str, Any], cpus: Any) -> dict[str, Any]:
        threads = request["options"]["threads"]
        order.append(threads)
        return {**server.measure(engine, request, cpus), "external_cpu_share": 0.5 if threads == 2 else 0.0}

    monkeypatch.setattr(bench, "measure", now_and_then)
    configurations = {f"c{i}": {"threads": i} for i in (1, 2, 4)}
    records = measure(path, configurations, repeats=1, retries=2)
    attempts = [(r["configuration_id"], r["attempt"], r["disturbed"]) for r in records]
    assert attempts == [("c1", 0, False), ("c2", 0, True), ("c2", 1, True), ("c2", 2, True), ("c4", 0, False)]
    assert order[3:] == [2, 2]
    again = measure(path, configurations, repeats=1, retries=2)
    assert again == records
    assert len(order) == 5


def test_the_sentinel_is_measured_before_and_after_and_is_no_measurement(path: Path) -> None:
    files = {"fp32": tiny_network.network(path.parent.parent, [1, 3, 128, 128])}
    environment = replace(ENVIRONMENT, name="a", engine="onnxruntime", files=files)
    records = bench.measure_environment(
        environment, {"c1": {}, "c2": {}}, repeats=1, protocol=PROTOCOL, journal_path=path, seed=1
    )
    written = journal.read(path)
    assert [r["record"] for r in written] == ["host", "sentinel", "measurement", "measurement", "sentinel"]
    watched = journal.sentinels(written, records[0]["environment_digest"], PROTOCOL.key)
    assert [r["configuration_id"] for r in watched] == ["c1", "c1"]
    assert len(journal.measurements(written)) == 2


def board(folder: Path, *governors: str) -> dict[str, Path]:
    """A fake machine of one CPU that offers these governors, and the file that keeps what was there before."""
    policy = folder / "sys/devices/system/cpu/cpufreq/policy0"
    policy.mkdir(parents=True, exist_ok=True)
    (policy / "scaling_governor").write_text("powersave\n")
    (policy / "scaling_available_governors").write_text(" ".join(governors) + "\n")
    return {"root": folder, "state": folder / "state/hardware.json"}


def test_settings_hold_while_an_environment_is_measured_and_are_put_back(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = board(tmp_path, "powersave", "performance")
    governor = tmp_path / "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"
    seen: list[str] = []

    def look(engine: Any, request: dict[str, Any], cpus: Any) -> dict[str, Any]:
        seen.append(governor.read_text().strip())
        return server.measure(engine, request, cpus)

    monkeypatch.setattr(bench, "measure", look)
    environment = replace(ENVIRONMENT, hardware_settings="governor=performance")
    records = measure(path, environment=environment, **machine)
    assert set(seen) == {"performance"}
    assert governor.read_text().strip() == "powersave"
    assert not machine["state"].exists()
    (host,) = [r for r in journal.read(path) if r["record"] == "host"]
    assert list(host["settings"].values()) == ["performance"]
    assert records[0]["environment_digest"] != measure(path)[0]["environment_digest"]


def test_what_cannot_be_set_is_a_status_and_is_tried_again(path: Path, tmp_path: Path) -> None:
    environment = replace(ENVIRONMENT, hardware_settings="governor=performance")
    records = measure(path, environment=environment, **board(tmp_path, "powersave"))
    assert {r["status"] for r in records} == {"not_applied"}
    assert records[0]["environment_digest"] in journal.hosts(journal.read(path))
    assert "performance" in records[0]["error"]
    assert not any("latency_ms" in r for r in records)
    again = measure(path, environment=environment, **board(tmp_path, "powersave", "performance"))
    assert {r["status"] for r in again} == {"ok"}


def test_a_setting_that_somebody_changes_meanwhile_leaves_no_number(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    governor = tmp_path / "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"

    def meddle(engine: Any, request: dict[str, Any], cpus: Any) -> dict[str, Any]:
        governor.write_text("powersave")
        return server.measure(engine, request, cpus)

    monkeypatch.setattr(bench, "measure", meddle)
    environment = replace(ENVIRONMENT, hardware_settings="governor=performance")
    records = measure(path, environment=environment, **board(tmp_path, "powersave", "performance"))
    assert {r["status"] for r in records} == {"not_applied"}
    assert not any("latency_ms" in r for r in records)


def session(path: Path, **changes: Any) -> Session:
    settings = {"repeats": 1, "protocol": PROTOCOL, "seed": 5, "state": path.with_name("hardware.json"), **changes}
    return Session(settings.pop("environment", ENVIRONMENT), journal_path=path, **settings)


def kinds(path: Path) -> list[tuple[str, str]]:
    """Kind of each record, and what was measured."""
    return [(r["record"], r.get("configuration_id", "")) for r in journal.read(path)]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[MeasuringServer]:
    """Starts of servers; the simulated engine needs one, like a real one."""
    monkeypatch.setattr(Simulated, "isolated", True)
    starts, start = [], MeasuringServer._start

    def counted(self: MeasuringServer) -> None:
        start(self)
        starts.append(self)

    monkeypatch.setattr(MeasuringServer, "_start", counted)
    return starts


def test_a_session_has_one_server_and_one_sentinel_before_and_after_all_that_it_measures(
    path: Path, servers: list[MeasuringServer]
) -> None:
    with session(path) as measuring:
        first = measuring.measure({"c1": {"threads": 1}})
        assert kinds(path)[-1] == ("measurement", "c1")
        records = measuring.measure({"c1": {"threads": 1}, "c2": {"threads": 2}, "crashes": {"fault": "crash"}})
        measuring.measure({"c4": {"threads": 4}})
    assert records[0] == first[0]
    assert [r["status"] for r in records] == ["ok", "ok", "crashed"]
    written = kinds(path)
    assert written[:3] == [("host", ""), ("sentinel", "c1"), ("measurement", "c1")]
    assert sorted(written[3:5]) == [("measurement", "c2"), ("measurement", "crashes")]
    assert written[5:] == [("measurement", "c4"), ("sentinel", "c1")]
    assert [r["order"] for r in journal.read(path) if r["record"] == "measurement"] == [0, 1, 2, 3]
    assert len(servers) == 1
    assert servers[0]._process is None


def test_the_sentinel_is_measured_at_intervals_over_calls(
    path: Path, servers: list[MeasuringServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_SENTINEL_EVERY", 2)
    with session(path) as measuring:
        for i in range(4):
            measuring.measure({f"c{i}": {"threads": 1}})
    written = [kind for kind, _ in kinds(path)]
    assert written == ["host", "sentinel", *["measurement", "measurement", "sentinel"] * 2]


def test_a_session_in_which_all_is_in_the_journal_starts_nothing(path: Path, servers: list[MeasuringServer]) -> None:
    measure(path)
    content = path.read_bytes()
    servers.clear()
    with session(path, repeats=2) as measuring:
        assert sorted(measuring.measured_configurations()) == sorted(CONFIGURATIONS)
        measuring.measure(CONFIGURATIONS)
    assert not servers
    assert path.read_bytes() == content


def test_a_session_that_fails_leaves_nothing_behind_and_the_next_one_continues(
    path: Path, tmp_path: Path, servers: list[MeasuringServer]
) -> None:
    environment = replace(ENVIRONMENT, hardware_settings="governor=performance")
    machine = board(tmp_path, "performance")
    governor = tmp_path / "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"
    measuring = session(path, environment=environment, **machine)
    with pytest.raises(KeyboardInterrupt), measuring:
        measuring.measure({"c1": {"threads": 1}})
        assert governor.read_text().strip() == "performance"
        assert servers[0]._process is not None
        process = psutil.Process(servers[0]._process.pid)
        raise KeyboardInterrupt
    assert not process.is_running()
    assert governor.read_text().strip() == "powersave"
    assert not machine["state"].exists()
    assert [kind for kind, _ in kinds(path)] == ["host", "sentinel", "measurement"]
    with session(path, environment=environment, **machine) as measuring:
        assert measuring.measured_configurations() == ["c1"]
        records = measuring.measure({"c1": {"threads": 1}, "c2": {"threads": 2}})
    assert [r["order"] for r in records] == [0, 1]


def test_settings_hold_over_a_session_and_are_applied_anew_after_somebody_changed_them(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    governor = tmp_path / "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"

    def meddle(engine: Any, request: dict[str, Any], cpus: Any) -> dict[str, Any]:
        if request["options"]["threads"] == 2:
            governor.write_text("powersave")
        return server.measure(engine, request, cpus)

    environment = replace(ENVIRONMENT, hardware_settings="governor=performance")
    with session(path, environment=environment, **board(tmp_path, "powersave", "performance")) as measuring:
        for i in (1, 4):
            measuring.measure({f"c{i}": {"threads": i}})
            assert governor.read_text().strip() == "performance"
        assert [kind for kind, _ in kinds(path)] == ["host", "measurement", "measurement"]
        with monkeypatch.context() as patch:
            patch.setattr(bench, "measure", meddle)
            (record,) = measuring.measure({"c2": {"threads": 2}})
        assert record["status"] == "not_applied"
        (record,) = measuring.measure({"c2": {"threads": 2}})
        assert record["status"] == "ok"
    assert governor.read_text().strip() == "powersave"


def test_a_disturbed_measurement_is_repeated_before_the_next_is_proposed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = iter([0.5, 0.0, 0.0])

    def disturbed_first(engine: Any, request: dict[str, Any], cpus: Any) -> dict[str, Any]:
        return {**server.measure(engine, request, cpus), "external_cpu_share": next(shares)}

    monkeypatch.setattr(bench, "measure", disturbed_first)
    with session(path, retries=1) as measuring:
        first = measuring.measure({"c1": {"threads": 1}})
        assert [(r["attempt"], r["disturbed"]) for r in first] == [(0, True), (1, False)]
        assert measuring.measure({"c1": {"threads": 1}, "c2": {"threads": 2}})[:2] == first


def test_a_session_copies_from_another_journal_what_it_is_asked_for(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    copied = measure(other, repeats=1)
    with session(path, reuse_journals_from=other) as measuring:
        assert not measuring.measured_configurations()
        assert measuring.measure({"c1": {"threads": 1}}) == copied[:1]
        (new,) = measuring.measure({"c3": {"threads": 3}})
        assert measuring.measure({"c2": {"threads": 2}}) == copied[1:2]
    assert new["order"] == copied[0]["order"] + 1


def test_what_changed_about_a_machine_between_runs_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = measure(path, repeats=1)[0]["environment_digest"]
    updated = {**bench.fingerprint.host(), "system": "Linux 99"}
    monkeypatch.setattr(bench.fingerprint, "host", lambda: updated)
    assert measure(path)[0]["environment_digest"] == digest
    changes = journal.host_changes(journal.read(path), digest)
    assert list(changes) == ["system"]
    assert changes["system"][1] == "Linux 99"


def test_what_a_killed_run_left_behind_is_put_back_even_if_nothing_is_to_be_measured(
    path: Path, tmp_path: Path
) -> None:
    machine = board(tmp_path, "powersave", "performance")
    environment = replace(ENVIRONMENT, hardware_settings="governor=performance")
    measure(path, environment=environment, **machine)
    governor = tmp_path / "sys/devices/system/cpu/cpufreq/policy0/scaling_governor"
    item = str(governor.relative_to(tmp_path))
    state = {"host": platform.node(), "originals": [["cpufreq", item, "powersave"]]}
    machine["state"].write_text(json.dumps(state))
    governor.write_text("performance")
    measure(path, environment=environment, **machine)
    assert governor.read_text().strip() == "powersave"
    assert not machine["state"].exists()


def test_a_background_load_that_ends_leaves_no_number(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def end_it(engine: Any, request: dict[str, Any], cpus: Any) -> dict[str, Any]:
        for process in psutil.Process().children():
            process.kill()
            process.wait()
        return server.measure(engine, request, cpus)

    monkeypatch.setattr(bench, "measure", end_it)
    environment = replace(ENVIRONMENT, hardware_settings="background_load=1")
    records = measure(path, environment=environment, state=path.with_name("hardware.json"))
    assert {r["status"] for r in records} == {"not_applied"}
    assert "background load: process" in records[0]["error"]
    assert [r["order"] for r in journal.read(path) if r["record"] == "measurement"] == list(range(6))


NETWORK = replace(ENVIRONMENT, name="a", engine="onnxruntime", network="mine.onnx", workload={"batch": 1})


def on_network(
    path: Path, nodes: list[Any], *shape: Any, element: int = TensorProto.FLOAT, **changes: Any
) -> Environment:
    """An environment with a network of these operators; its input is x, its output y, its weight w a column of ones."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", element, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.ones((8, 1), np.float32), "w")],
    )
    file = path.parent.parent / "mine.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    return replace(NETWORK, files={"fp32": str(file)}, **changes)


GATHER = [helper.make_node("Gather", ["w", "x"], ["y"])]
LOG = [helper.make_node("Log", ["x"], ["l"]), helper.make_node("MatMul", ["l", "w"], ["y"])]


def test_the_journal_says_what_was_fed(path: Path) -> None:
    environment = on_network(path, GATHER, "N", "time", element=TensorProto.INT64, workload={"batch": 2, "time": 5})
    records = measure(path, {"c1": {}}, environment=environment, repeats=1)
    fed = {"fp32": [{"name": "x", "shape": [2, 5], "type": "int64", "filled": "integers from 0 to 7"}]}
    assert records[0]["status"] == "ok"
    assert bench.metadata(records, path, "a")["host"]["fed"] == fed
    # Journals of earlier versions do not.
    lines = [
        json.dumps({name: fact for name, fact in record.items() if name != "fed"}) for record in journal.read(path)
    ]
    path.write_text("\n".join(lines) + "\n")
    assert "fed" not in bench.metadata(records, path, "a")["host"]
    with session(path, environment=environment) as measuring:
        assert measuring.measure({"c1": {}}) == records
        assert bench.metadata(records, path, "a", measuring.fed)["host"]["fed"] == fed


def test_what_does_not_fit_the_network_is_refused_before_anything_is_measured(path: Path) -> None:
    environment = on_network(path, LOG, 1, 8, workload={"batch": 256})
    with pytest.raises(UserError, match=r"environment a: input x has the size 1 .* says batch 256"):
        measure(path, {"c1": {}}, environment=environment)
    assert not path.exists()


def test_measurements_of_what_was_always_fed_keep_their_key_and_others_have_one_of_their_own(path: Path) -> None:
    host, versions = bench.fingerprint.host(), {"onnxruntime": "1"}

    def digest(environment: Environment) -> str:
        return environment.planned().digest(versions, host)

    usual = on_network(path, LOG, "batch", 8)
    assert digest(usual) == usual.digest(versions, host)
    filled = [{"x": Fill("zeros")}, {"x": Fill("value", value=2)}, {"x": Fill("value", value=3)}]
    digests = [digest(replace(usual, inputs=inputs)) for inputs in filled]
    digests.append(digest(usual))
    digests.append(digest(on_network(path, GATHER, "batch", 8, element=TensorProto.INT64)))
    assert len(set(digests)) == 5


def test_outputs_that_are_no_numbers_have_a_status(path: Path) -> None:
    environment = on_network(path, LOG, 1, 8, inputs={"x": Fill("ones")})
    # The journal then shows that the network runs.
    assert measure(path, {"c1": {}}, environment=environment, repeats=1)[0]["status"] == "ok"
    with MeasuringServer("onnxruntime", usable_cpus()) as measuring:
        request = tiny_network.request(environment.files["fp32"], {"batch": 1}, {})
        outcome = measuring.measure(request)
    assert outcome["status"] == "invalid_output"
    assert outcome["error"].startswith("output y: 1 NaN and 0 infinite of 1 numbers")
    assert "latency_ms" not in outcome


def test_infinite_and_nan_outputs_are_counted_and_what_is_no_number_is_passed_over() -> None:
    outputs = {"a": np.array([1.0, np.nan, np.inf, -np.inf]), "b": np.array([1, 2]), "c": ["text"], "d": np.ones(2)}
    assert server.non_finite(outputs) == "output a: 1 NaN and 2 infinite of 4 numbers"
    assert server.non_finite({name: outputs[name] for name in "bcd"}) is None


def test_a_network_that_does_not_run_stops_the_session_with_the_words_of_the_engine(path: Path) -> None:
    environment = on_network(path, [helper.make_node("MatMul", ["x", "w"], ["y"])], 1, 9)
    with pytest.raises(UserError) as caught:
        measure(path, {f"c{i}": {"intra_op_threads": 1} for i in range(9)}, environment=environment)
    first, why, fed, _ = str(caught.value).splitlines()
    assert first == "environment a: the network mine.onnx cannot be measured:"
    assert why.startswith("with intra_op_threads=1 failed: ")
    assert "MatMul" in why
    assert fed == "It was fed x [1, 9] float32 with normal numbers."
    assert [r["record"] for r in journal.read(path)] == ["host"]


def test_outputs_that_are_no_numbers_stop_the_session_as_well(path: Path) -> None:
    with pytest.raises(UserError, match="with no options invalid_output: output y: 1 NaN and 0 infinite of 1 numbers"):
        measure(path, {"c1": {}}, environment=on_network(path, LOG, 1, 8))


def test_a_network_that_runs_with_another_configuration_is_measured(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Simulated, "isolated", True)
    faults = {"c1": {"fault": "unsupported"}, "c2": {"fault": "raise"}, "c3": {"threads": 1}}
    records = measure(path, faults, repeats=2)
    assert [r["status"] for r in records[::2]] == ["unsupported", "failed", "ok"]
    warned = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert sorted(warned) == [
        "simulated-a: configuration c1 (fault=unsupported): unsupported: fault: unsupported was asked for",
        "simulated-a: configuration c2 (fault=raise): failed: RuntimeError: the network exploded",
    ]


def test_if_nothing_succeeds_the_reasons_are_counted(path: Path) -> None:
    faults = {f"c{i}": {"fault": "unsupported"} for i in range(3)} | {"c9": {"fault": "raise"}}
    records = measure(path, faults)
    with pytest.raises(UserError) as caught:
        bench.require_success(records, "simulated-a", path)
    assert str(caught.value).splitlines() == [
        f"environment simulated-a: no measurement succeeded ({path})",
        "6 of 8: unsupported: fault: unsupported was asked for",
        "2 of 8: failed: RuntimeError: the network exploded",
    ]
    bench.require_success([*records, *measure(path.with_suffix(".other"))], "simulated-a", path)
