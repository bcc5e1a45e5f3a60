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
import os
import select
import signal
import sys
import time
from typing import Any, BinaryIO

from perftransfer.measuring import engines
from perftransfer.measuring.engines.interface import Engine, UnsupportedConfigurationError
from perftransfer.measuring.protocol import Protocol, time_session

Outcome = dict[str, Any]

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends (Linux; elsewhere the pipe's end has to do)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def measure(engine: Engine, request: dict[str, Any], cpus: list[int] | None) -> Outcome:
    """Measure what ``request`` asks for, here and now; whatever goes wrong becomes a status."""
    try:
        started = time.perf_counter()
        session = engine.open(request["files"], request["workload"], request["options"], request["seed"])
        opened = time.perf_counter() - started
        timing = time_session(session, Protocol(**request["protocol"]), cpus)
        session.close()
    except UnsupportedConfigurationError as error:
        return {"status": "unsupported", "error": str(error)}
    except Exception as error:
        return {"status": "failed", "error": f"{type(error).__name__}: {error}"[:2000]}
    return {
        "status": "ok",
        "error": None,
        "latency_ms": timing.latencies_ms,
        "warmup_n": timing.warmup_n,
        "open_ms": 1e3 * opened,
        "others_cpu_share": timing.others_cpu_share,
    }


def _read_until(pipe: int, deadline: float) -> bytes | None:
    """Read ``pipe`` to its end; None when the deadline (of ``time.monotonic``) passes first."""
    data = b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([pipe], [], [], left)[0]:
            chunk = os.read(pipe, 1 << 16)
            if not chunk:
                return data
            data += chunk
    return None


def measure_in_child(engine: Engine, request: dict[str, Any], cpus: list[int] | None) -> Outcome:
    """Fork, measure in the child, and tell how it ended."""
    timeout = request["protocol"]["timeout_seconds"]
    deadline = time.monotonic() + timeout
    reader, writer = os.pipe()
    server = os.getpid()
    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            die_with(server)
            os.close(reader)
            with os.fdopen(writer, "wb") as answer:
                answer.write(json.dumps(measure(engine, request, cpus)).encode())
            status = 0
        os._exit(status)
    os.close(writer)
    try:
        data = _read_until(reader, deadline)
    finally:
        os.close(reader)
    if data is None:
        os.kill(child, signal.SIGKILL)
    _, ended = os.waitpid(child, 0)
    if data is None:
        return {"status": "timeout", "error": f"not finished after {timeout:g} s"}
    if os.WIFSIGNALED(ended):
        return {"status": "crashed", "error": f"killed by {signal.Signals(os.WTERMSIG(ended)).name}"}
    try:
        return dict(json.loads(data))
    except ValueError:
        return {"status": "crashed", "error": f"ended with exit status {os.WEXITSTATUS(ended)} and no result"}


def serve(engine: Engine, cpus: list[int] | None, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    for line in requests:
        outcome = measure_in_child(engine, json.loads(line), cpus)
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
