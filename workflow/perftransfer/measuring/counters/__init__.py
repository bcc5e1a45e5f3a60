"""Energy counters of the hardware: one file each, behind the base class of ``interface.py``.

Energy is never estimated: without a counter, the objective is missing, with the reason.
"""

from __future__ import annotations

from pathlib import Path

from perftransfer.catalogue import Catalogue
from perftransfer.measuring.counters.interface import Counter, CounterError, Energy

__all__ = ["CATALOGUE", "Counter", "CounterError", "Energy", "available"]

CATALOGUE: Catalogue[Counter] = Catalogue(__name__, "Counter", "energy counter")


def available(root: Path = Path("/"), *, gpu: int = 0) -> tuple[list[Counter], list[str]]:
    """Return the counters of this machine and, for each other kind, the reason why there is none.

    What they cover may overlap (a Jetson's whole input includes its GPU): choose one, or add only what is disjoint.

    Parameters
    ----------
    root
        The folder that holds ``sys``.
    gpu
        Number of the NVIDIA GPU.
    """
    counters, reasons = [], []
    for name in CATALOGUE.names():
        kind = CATALOGUE.load(name)
        try:
            counters.append(kind.find(root, gpu))
        except CounterError as error:
            reasons.append(f"{kind.title}: {error}")
    return counters, reasons
