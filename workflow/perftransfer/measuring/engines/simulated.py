"""An analytic stand-in for an engine, for tests only: it measures nothing, in virtual time, always the same.

Environments that use it must be called ``simulated…``, so that its numbers are marked wherever an environment is named.
Its option ``fault`` does to the measuring process what a broken configuration would do.
"""

from __future__ import annotations

import hashlib
import math
import os
import signal
import time
from collections.abc import Mapping

from perftransfer.measuring.engines.interface import Engine, Options, Session, UnsupportedConfigurationError


def latency_ms(workload: Mapping[str, int], options: Options) -> float:
    """Latency of a made-up machine in ms: threads that help up to the cores, spinning that hurts beyond them."""
    cores = workload.get("cores", 1)
    threads = int(options.get("threads") or 1)
    size = workload.get("batch", 1) * (workload.get("image_px", 128) / 128) ** 2
    time_ms = 5.0 * size / min(threads, cores) ** 0.8
    time_ms *= {"low": 1.6, "medium": 1.2}.get(str(options.get("optimisation")), 1.0)
    if options.get("precision") == "int8":
        time_ms *= 0.7 if size > 1 else 1.1
    if options.get("spinning") is True and threads > cores:
        time_ms *= 2.5
    result: float = time_ms
    return result


def _jitter(*key: object) -> float:
    """A number in (-1, 1) that only the key decides."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**63 - 1


class _SimulatedSession(Session):
    def __init__(self, workload: Mapping[str, int], options: Options, seed: int) -> None:
        key = (seed, sorted(workload.items()), sorted(options.items()))
        self._now = 0.0
        self._key = key
        self._latency_ms = latency_ms(workload, options) * math.exp(0.03 * _jitter(key))
        self._fault = options.get("fault")
        self._runs = 0

    def clock(self) -> float:
        return self._now

    def run(self) -> None:
        if self._fault == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif self._fault == "hang":
            time.sleep(3600)
        elif self._fault == "raise":
            raise RuntimeError("the network exploded")
        self._runs += 1
        self._now += 1e-3 * self._latency_ms * (1 + 0.01 * _jitter(self._key, self._runs))

    def close(self) -> None:
        self._now = 0.0


class Simulated(Engine):
    """Deterministic latencies from a formula; 10 000 configurations cost nothing."""

    isolated = False
    counters = ()
    instruction_set_variable = ""
    workload = frozenset({"batch", "image_px", "cores"})
    options = frozenset({"threads", "optimisation", "precision", "spinning", "memory", "fault"})

    def versions(self) -> dict[str, str]:
        """Version of the formula."""
        return {"simulated": "1"}

    def open(
        self, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int
    ) -> _SimulatedSession:
        """Open nothing; ``fault: unsupported`` is refused here."""
        if options.get("fault") == "unsupported":
            raise UnsupportedConfigurationError("fault: unsupported was asked for")
        return _SimulatedSession(workload, options, seed)
