"""A process that has the engine imported and forks one fresh process for each measurement.

Importing an engine takes a fifth of a second to three seconds, a fork a few milliseconds; yet each measurement starts
from a process in which nothing was measured before. Started by ``isolation.MeasuringServer`` as
``python -m perftransfer.measuring.server ENGINE CPU[,CPU…]``; reads one request a line from standard input and answers
each with one line on standard output, both JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import BinaryIO, cast

import numpy as np

from perftransfer.measuring import engines
from perftransfer.measuring.energy import per_inference
from perftransfer.measuring.engines.interface import Engine, UnsupportedConfigurationError
from perftransfer.measuring.feed import PlannedInput
from perftransfer.measuring.protocol import Protocol, time_session
from perftransfer.measuring.records import Energy, Outcome, Request
from perftransfer.plain import from_plain

#: What can become of a measurement.
STATUSES = ("ok", "failed", "unsupported", "invalid_output", "crashed", "timeout")

_PR_SET_PDEATHSIG = 1
_TRIES = 2
_KILLED: Outcome = {"status": "crashed", "error": f"killed by {signal.SIGKILL.name}"}


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends (Linux; elsewhere the pipe's end has to do)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def measure(engine: Engine, request: Request, cpus: list[int] | None) -> Outcome:
    """Measure what ``request`` asks for, in this process; any failure becomes a status."""
    try:
        engine.feeds = from_plain(dict[str, list[PlannedInput]], request["feeds"])
        started = time.perf_counter()
        session = engine.open(request["files"], request["workload"], request["options"], request["seed"])
        opened = time.perf_counter() - started
        protocol = from_plain(Protocol, request["protocol"])
        timing = time_session(session, protocol, cpus)
        energy: Energy = {}
        if protocol.energy:
            kinds = engine.counters if session.counters is None else session.counters
            energy = per_inference(session, kinds, request["gpu"])
        # Before the outputs are looked at, which takes memory as well.
        peak = _peak_memory_mib() if engine.isolated else None
        wrong = non_finite(session.outputs() or {})
        session.close()
    except UnsupportedConfigurationError as error:
        return {"status": "unsupported", "error": str(error)}
    except MemoryError:
        return {"status": "failed", "error": f"out of memory (limit: {request.get('memory_limit_mib')} MiB)"}
    except Exception as error:
        return {"status": "failed", "error": f"{type(error).__name__}: {error}"[:2000]}
    if wrong:
        return {"status": "invalid_output", "error": wrong}
    outcome: Outcome = {
        "status": "ok",
        "error": None,
        "latency_ms": timing.latencies_ms,
        "warmup_n": timing.warmup_n,
        "warmup_ms": timing.warmup_ms,
        "steady": timing.steady,
        "relative_ci": timing.precision if math.isfinite(timing.precision) else None,
        "stopped": timing.stopped,
        "open_ms": 1e3 * opened,
        "external_cpu_share": timing.external_cpu_share,
        "steal_cpu_share": timing.steal_cpu_share,
        "throttle_events": timing.throttle_events,
        "throttled_periods": timing.throttled_periods,
        "cpu_mhz": timing.cpu_mhz,
        "cpu_mhz_change": timing.cpu_mhz_change,
    }
    if peak is not None:
        outcome["peak_memory_mib"] = peak
    if timing.series:
        outcome["series"] = timing.series
    return cast(Outcome, {**outcome, **energy})


def non_finite(outputs: Mapping[str, object]) -> str | None:
    """Say which outputs of a network have numbers that are NaN or infinite; None if none has.

    Outputs that are no arrays of numbers (texts, sequences, maps) are passed over.
    """
    words = []
    for name, values in outputs.items():
        if isinstance(values, np.ndarray) and values.dtype.kind == "f":
            n_nan, n_wrong = np.count_nonzero(np.isnan(values)), values.size - np.count_nonzero(np.isfinite(values))
            if n_wrong:
                words.append(f"{name}: {n_nan} NaN and {n_wrong - n_nan} infinite of {values.size} numbers")
    return f"output {'; '.join(words)}" if words else None


def _limit_memory(mib: float | None) -> None:
    """Let allocations beyond ``mib`` fail in this process: what asks for all memory must not take the machine along."""
    if mib is not None and sys.platform == "linux":
        limit = int(mib * 2**20)
        # Writable memory only: a GPU's library reserves address space that it never fills.
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _peak_memory_mib() -> float:
    """Largest resident size that this process ever had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def checked(outcome: object) -> Outcome:
    """Return a valid outcome: latencies, or other series, that are not positive numbers make it a failure."""
    if not isinstance(outcome, dict) or outcome.get("status") not in STATUSES:
        return {"status": "crashed", "error": f"ended with no outcome but {str(outcome)[:200]!r}"}
    if outcome["status"] == "ok":
        latencies = outcome.get("latency_ms")
        values = latencies if isinstance(latencies, list) else []
        wrong = [value for value in values if not (isinstance(value, int | float) and 0 < value < math.inf)]
        if wrong or not values:
            problem = f"found {wrong[0]!r}" if wrong else "there are none"
            return {"status": "failed", "error": f"latencies must be positive numbers; {problem}"}
        for name, series in (outcome.get("series") or {}).items():
            wrong = [value for value in series if not (isinstance(value, int | float) and 0 < value < math.inf)]
            if wrong:
                return {"status": "failed", "error": f"{name} must be positive numbers; found {wrong[0]!r}"}
    return cast(Outcome, outcome)


def _kill_group(child: int) -> None:
    """Kill the child and the processes that it started, which would occupy CPUs and memory."""
    for kill in (os.killpg, os.kill):
        # Gone already, or not yet the leader of a group of its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def _read_until(pipe: int, child: int, deadline: float) -> bytes | None:
    """Read what ``child`` writes until it ends; None when the deadline (of ``time.monotonic``) passes first."""
    os.set_blocking(pipe, False)
    # The pipe alone is not enough: processes of the child may hold it open.
    try:
        handle = os.pidfd_open(child)
    except (AttributeError, OSError):
        # Not on this system, or before Linux 5.3: then only the pipe shows the end.
        handle = None
    sources = [pipe] if handle is None else [pipe, handle]
    data = b""
    try:
        while (left := deadline - time.monotonic()) > 0:
            ready = select.select(sources, [], [], left)[0]
            # Also when only the child's end shows: what it wrote last may have come in between.
            while ready:
                try:
                    chunk = os.read(pipe, 1 << 16)
                except BlockingIOError:
                    break
                if not chunk:
                    return data
                data += chunk
            if handle in ready:
                return data
        return None
    finally:
        if handle is not None:
            os.close(handle)


def measure_in_child(engine: Engine, request: Request, cpus: list[int] | None, private: Sequence[int] = ()) -> Outcome:
    """Fork, measure in the child, and return its outcome.

    A child that somebody killed is tried again: a lack of memory elsewhere, or a person, is no property of the
    configuration. The second time it is.

    private: file descriptors to close in the child.
    """
    for _ in range(_TRIES):
        outcome = _measure_in_one_child(engine, request, cpus, private)
        if outcome != _KILLED:
            return outcome
    return {**_KILLED, "error": f"{_KILLED['error']}, {_TRIES} times in a row"}


def _measure_in_one_child(engine: Engine, request: Request, cpus: list[int] | None, private: Sequence[int]) -> Outcome:
    timeout = from_plain(Protocol, request["protocol"]).timeout_seconds
    deadline = time.monotonic() + timeout
    reader, writer = os.pipe()
    server = os.getpid()
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            die_with(server)
            os.setsid()
            for descriptor in (reader, *private):
                os.close(descriptor)
            _limit_memory(request.get("memory_limit_mib"))
            outcome = measure(engine, request, cpus)
            with os.fdopen(writer, "wb") as answer:
                answer.write(json.dumps(outcome).encode())
            status = 0
        os._exit(status)
    os.close(writer)
    try:
        data = _read_until(reader, child, deadline)
    finally:
        os.close(reader)
    if data is None:
        _kill_group(child)
    # Not reaped yet: as long as it is a zombie, its number cannot be that of another process.
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    _kill_group(child)
    _, ended = os.waitpid(child, 0)
    if data is None:
        return {"status": "timeout", "error": f"not finished after {timeout:g} s"}
    if os.WIFSIGNALED(ended):
        return {"status": "crashed", "error": f"killed by {signal.Signals(os.WTERMSIG(ended)).name}"}
    try:
        return checked(json.loads(data))
    except ValueError:
        return {"status": "crashed", "error": f"ended with exit status {os.WEXITSTATUS(ended)} and no result"}


def serve(engine: Engine, cpus: list[int] | None, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        outcome = measure_in_child(engine, json.loads(line), cpus, [answers.fileno()])
        answers.write(json.dumps(outcome).encode() + b"\n")
        answers.flush()


def main(arguments: list[str]) -> None:
    """Bind to the CPUs, import the engine, serve."""
    die_with(os.getppid())
    # Ctrl-C goes to the whole foreground group: the job decides what becomes of the measurement in progress, not we.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine_name, cpu_list = arguments
    cpus = [int(cpu) for cpu in cpu_list.split(",")]
    if hasattr(os, "sched_setaffinity"):
        # Before the import: a library may count its CPUs when it is loaded.
        os.sched_setaffinity(0, cpus)
    # What engines print must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    engine = engines.load(engine_name)
    answers.write(json.dumps({"ready": engine.name}).encode() + b"\n")
    answers.flush()
    serve(engine, cpus, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main(sys.argv[1:])
