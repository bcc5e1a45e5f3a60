"""Checks that whatever a configuration does to its process is an outcome, and that no process outlives the job."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest

from perftransfer.errors import UserError
from perftransfer.measuring import engines, server
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.package_path import package_path

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc and the kernel's parent-death signal")

# An engine that tells about its process by way of what it may tell: the name of an error.
PROBE = """
import os, sys

from perftransfer.measuring.engines.interface import Engine, Session

class ProbeSession(Session):
    def run(self):
        print("a print in the middle", flush=True)
        os.write(1, b'{"status": "ok", "forged": true}\\n')
        raise RuntimeError(f"pid={os.getpid()} ppid={os.getppid()} cpus={sorted(os.sched_getaffinity(0))}")

    def close(self):
        pass

class Probe(Engine):
    isolated = True
    counters = ()
    options = frozenset({"end"})
    workload = frozenset()

    def versions(self):
        return {"probe": "7"}

    def open(self, files, workload, options, seed):
        if options.get("end") == "exit":
            os._exit(5)
        if options.get("end") == "kill the server":
            os.kill(os.getppid(), 9)
        return ProbeSession()

os.write(1, b"a library greets\\n")
print("so does Python")
"""


def request(timeout: float = 20.0, **options: Any) -> dict[str, Any]:
    return {
        "files": {},
        "feeds": {},
        "workload": {"batch": 1},
        "options": options,
        "protocol": asdict(Protocol(1, 0.0, 3, 0.0, timeout, max_warmup_seconds=0.0, max_seconds=0.0)),
        "seed": 1,
    }


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def server_process() -> psutil.Process:
    (process,) = [p for p in psutil.Process().children() if "perftransfer.measuring.server" in p.cmdline()]
    return process


@pytest.fixture
def simulated() -> Iterator[MeasuringServer]:
    with MeasuringServer("simulated", usable_cpus()) as measuring:
        yield measuring


def own_engine(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, source: str) -> str:
    """Write the module of a user's own engine, on PYTHONPATH; return the engine's import path."""
    module = f"own_{name.lower()}"
    (folder / f"{module}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([package_path(), str(folder)]))
    return f"{module}.{name}"


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return own_engine(tmp_path, monkeypatch, "Probe", PROBE)


def test_a_measurement_comes_back_whole(simulated: MeasuringServer) -> None:
    outcome = simulated.measure(request(threads=2))
    assert outcome["status"] == "ok"
    assert outcome["error"] is None
    assert (len(outcome["latency_ms"]), outcome["warmup_n"]) == (3, 1)
    assert min(outcome["latency_ms"]) > 0
    assert outcome["open_ms"] >= 0


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("raise", "failed", "RuntimeError: the network exploded"),
        ("unsupported", "unsupported", "fault: unsupported was asked for"),
        ("crash", "crashed", "killed by SIGSEGV"),
    ],
)
def test_a_fault_is_a_status_and_the_next_measurement_works(
    simulated: MeasuringServer, fault: str, status: str, words: str
) -> None:
    assert simulated.measure(request(fault=fault)) == {"status": status, "error": words}
    assert simulated.measure(request())["status"] == "ok"


def test_a_hang_is_a_time_out_and_its_process_is_gone(simulated: MeasuringServer) -> None:
    assert simulated.measure(request(timeout=0.3, fault="hang")) == {
        "status": "timeout",
        "error": "not finished after 0.3 s",
    }
    assert server_process().children() == []
    assert simulated.measure(request())["status"] == "ok"


def test_a_wrong_request_is_a_failure_and_not_the_end_of_the_server(simulated: MeasuringServer) -> None:
    wrong = request()
    del wrong["seed"]
    assert simulated.measure(wrong)["status"] == "failed"
    assert simulated.measure(request())["status"] == "ok"


def test_a_killed_server_is_replaced_and_the_measurement_done_again() -> None:
    with MeasuringServer("simulated", usable_cpus()) as measuring:
        first = server_process()
        first.kill()
        assert until(lambda: ended(first))
        assert measuring.measure(request())["status"] == "ok"
        second = server_process()
        assert second.pid != first.pid
    assert until(lambda: ended(second))


def test_the_descriptors_and_processes_of_a_server_end_with_it() -> None:
    me = psutil.Process()
    before = (me.num_fds(), me.children(recursive=True))
    with MeasuringServer("simulated", usable_cpus()) as measuring:
        measuring.measure(request(fault="crash"))
        server_process().kill()
        for _ in range(2):
            measuring.measure(request())
    assert (me.num_fds(), me.children(recursive=True)) == before


@linux
def test_a_measuring_child_dies_with_its_server() -> None:
    engine = engines.load("simulated")
    manager = os.fork()
    if manager == 0:
        server.measure_in_child(engine, request(fault="hang"), None)
        os._exit(0)
    assert until(lambda: len(psutil.Process(manager).children()) == 1)
    (child,) = psutil.Process(manager).children()
    # The child asks the kernel to die with its parent as its first act.
    time.sleep(0.3)
    os.kill(manager, signal.SIGKILL)
    os.waitpid(manager, 0)
    assert until(lambda: ended(child))


@linux
def test_server_and_child_die_with_the_job() -> None:
    code = (
        "import json, sys\n"
        "from perftransfer.measuring.isolation import MeasuringServer\n"
        "with MeasuringServer('simulated', json.loads(sys.argv[1])) as measuring:\n"
        "    measuring.measure(json.loads(sys.argv[2]))"
    )
    arguments = [json.dumps(usable_cpus()), json.dumps(request(timeout=60, fault="hang"))]
    environment = {**os.environ, "PYTHONPATH": package_path()}
    with subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment) as job:
        process = psutil.Process(job.pid)
        assert until(lambda: len(process.children(recursive=True)) == 2)
        family = process.children(recursive=True)
        time.sleep(0.3)
        job.kill()
        assert until(lambda: all(ended(member) for member in family))


@pytest.mark.parametrize("name", ["nowhere", "interface", "os"])
def test_an_unknown_engine_is_bad_input(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match=f"unknown engine '{name}'. Allowed: .*simulated"):
        engines.load(name)
    with (
        pytest.raises(UserError, match=f"engine {name}: its measuring server did not start"),
        MeasuringServer(name, usable_cpus()),
    ):
        pass
    assert f"unknown engine '{name}'" in capfd.readouterr().err
    assert psutil.Process().children() == []


def test_an_engine_whose_library_is_not_installed_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imaginary.py").write_text("import no_such_library.at_all\n")
    monkeypatch.setattr(engines, "__path__", [*engines.__path__, str(tmp_path)])
    with pytest.raises(UserError, match="engine imaginary: the Python package 'no_such_library' is not installed"):
        engines.load("imaginary")


@linux
def test_each_measurement_is_a_fresh_process_of_the_server_on_the_cpus_asked_for(probe: str) -> None:
    cpus = usable_cpus()[-1:]
    with MeasuringServer(probe, cpus) as measuring:
        assert server_process().cpu_affinity() == cpus
        errors = [measuring.measure(request())["error"] for _ in range(3)]
        facts = [dict(word.split("=", 1) for word in error.split(" ", 3)[1:]) for error in errors]
        assert len({entry["pid"] for entry in facts}) == 3
        assert {entry["ppid"] for entry in facts} == {str(server_process().pid)}
        assert {entry["cpus"] for entry in facts} == {str(cpus)}


@linux
def test_what_an_engine_prints_gets_between_no_answers(probe: str, capfd: pytest.CaptureFixture[str]) -> None:
    with MeasuringServer(probe, usable_cpus()) as measuring:
        for _ in range(2):
            outcome = measuring.measure(request())
            assert outcome["status"] == "failed"
            assert "forged" not in outcome
    assert "a print in the middle" in capfd.readouterr().err


@linux
def test_a_process_that_leaves_without_a_word_has_crashed(probe: str) -> None:
    with MeasuringServer(probe, usable_cpus()) as measuring:
        assert measuring.measure(request(end="exit")) == {
            "status": "crashed",
            "error": "ended with exit status 5 and no result",
        }
        assert measuring.measure(request(end="kill the server"))["status"] == "crashed"
        assert measuring.measure(request())["status"] == "failed"


FAULTY = """
import os, subprocess, sys, time

from perftransfer.measuring.engines.interface import Engine, Session

class FaultySession(Session):
    def __init__(self, fault):
        self.fault = fault
        self.mark = __file__ + ".killed"

    def run(self):
        if self.fault == "memory":
            hold = []
            while True:
                hold.append(bytearray(2**24))
        if self.fault in ("killed once", "killed"):
            # As by somebody else: the system without memory, or a person.
            if self.fault == "killed" or not os.path.exists(self.mark):
                open(self.mark, "w").close()
                os.kill(os.getpid(), 9)
        if self.fault == "leave a process":
            self.fault = None
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)

    def clock(self):
        return float("nan") if self.fault == "nan" else time.perf_counter()

    def close(self):
        if self.fault == "garbage":
            for fd in range(3, 20):
                try:
                    os.write(fd, b"no JSON at all")
                except OSError:
                    pass
            os._exit(0)

class Faulty(Engine):
    isolated = True
    counters = ()
    options = frozenset({"fault"})
    workload = frozenset()

    def versions(self):
        return {}

    def open(self, files, workload, options, seed):
        if options.get("fault") == "hang with a process":
            subprocess.Popen(["sleep", "60"])
            time.sleep(60)
        return FaultySession(options.get("fault"))

"""


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MeasuringServer]:
    with MeasuringServer(own_engine(tmp_path, monkeypatch, "Faulty", FAULTY), usable_cpus()) as measuring:
        yield measuring


@linux
@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("memory", "failed", "out of memory (limit: 512 MiB)"),
        ("garbage", "crashed", "exit status 0 and no result"),
        ("nan", "failed", "latencies must be positive numbers; found nan"),
        ("hang with a process", "timeout", "not finished after 1 s"),
        ("leave a process", "ok", ""),
        ("killed once", "ok", ""),
        ("killed", "crashed", "killed by SIGKILL, 2 times in a row"),
    ],
)
def test_whatever_a_network_does_is_a_status_and_nothing_is_left_behind(
    faulty: MeasuringServer, fault: str, status: str, words: str
) -> None:
    outcome = faulty.measure(
        {**request(timeout=1.0 if "hang" in fault else 20.0, fault=fault), "memory_limit_mib": 512}
    )
    assert outcome["status"] == status
    assert words in (outcome["error"] or "")
    assert until(lambda: server_process().children(recursive=True) == [])
    assert until(lambda: not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "60"]])
    after = faulty.measure(request())
    assert after["status"] == "ok"
    assert 1 < after["peak_memory_mib"] < 4096
