"""Energy of an inference, by a counter of the hardware, over inferences of their own after the timed ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from perftransfer.measuring import counters
from perftransfer.measuring.counters import Counter, CounterError
from perftransfer.measuring.engines.interface import Session
from perftransfer.measuring.records import Energy

# Largest relative error of an energy by the counter's steps.
_RESOLUTION = 0.05
# For counters of unknown refresh interval.
_SECONDS = 0.5
# Upper limit, for slow counters.
_MOST_SECONDS = 5.0


def per_inference(
    session: Session,
    kinds: Sequence[str],
    gpu: int = 0,
    find: Callable[..., tuple[list[Counter], list[str]]] = counters.available,
    clock: Callable[[], float] = time.perf_counter,
) -> Energy:
    """Return what a record says of the energy of ``session``'s inferences.

    kinds: names of the counters that cover what the session computes on, the best first. gpu: number of the GPU, where
    that is one. ``energy_mj`` is per inference,
    idle power of what the counter covers included; ``energy_resolution`` the share of it by which the counter's steps
    may have it off, ``energy_covers`` what was counted, ``energy_n`` over how many inferences. Where nothing could be
    counted ``energy_mj`` is None and ``energy_missing`` says why.
    """
    available, reasons = find(gpu=gpu)
    by_name = {counter.name: counter for counter in available}
    counter = next((by_name[kind] for kind in kinds if kind in by_name), None)
    if counter is None:
        reasons += [f"{name} does not cover what this engine computes on" for name in by_name]
        return {"energy_mj": None, "energy_missing": "; ".join(reasons) or "no counter is known for this engine"}
    seconds = _SECONDS if counter.update_seconds is None else counter.update_seconds / _RESOLUTION
    try:
        energy, n = _count(session, counter, min(seconds, _MOST_SECONDS), clock)
    except CounterError as error:
        return {"energy_mj": None, "energy_missing": f"{counter.name}: {error}"}
    if energy.millijoules <= 0:
        return {"energy_mj": None, "energy_missing": f"{counter.name}: did not move within {energy.seconds:.2f} s"}
    return {
        "energy_mj": energy.millijoules / n,
        "energy_missing": None,
        "energy_covers": f"{counter.name}: {counter.covers}",
        "energy_resolution": counter.relative_resolution(energy),
        "energy_n": n,
    }


def _count(
    session: Session, counter: Counter, seconds: float, clock: Callable[[], float]
) -> tuple[counters.Energy, int]:
    n = 0
    counter.start()
    try:
        start = clock()
        while n == 0 or clock() - start < seconds:
            session.run()
            n += session.inferences_per_run
    finally:
        # Also after a failure: it ends the thread of a counter that is sampled.
        energy = counter.stop()
    return energy, n
