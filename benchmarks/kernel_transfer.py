"""Count the CPU seconds that kernel transfer takes, by the number of rows that were measured in the source.

    PYTHONPATH=workflow python benchmarks/kernel_transfer.py

Made-up values of ten options of eight levels each. The prior is made once for a source; a design of 84 configurations,
the fit to them and the prediction of all rows once for a target. The first line has as many rows as the paper's tables.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from perftransfer.gaussian_process.posterior import most_informative
from perftransfer.gaussian_process.prior import FromSources
from perftransfer.space.options import Option
from perftransfer.strategies import load
from perftransfer.strategies.interface import Source

_OPTIONS = tuple(Option(f"option_{i}", tuple(range(1, 9)), True, 1) for i in range(10))
_BUDGET = 84


def measured(rows: int, strategy: str) -> dict[str, float]:
    """CPU seconds of each step with so many rows, and the largest resident size of this process so far."""
    rng = np.random.default_rng(0)
    codes = np.unique(rng.integers(0, 8, (rows, len(_OPTIONS))), axis=0)
    y = codes @ rng.normal(0, 0.1, len(_OPTIONS)) + 0.05 * codes[:, 0] * codes[:, 1]
    target = 0.8 * y + 1 + 0.1 * np.sin(codes[:, 2])
    source, out = Source("source", codes, y, _OPTIONS, None), {"rows": float(len(codes))}

    @contextmanager
    def counted(step: str) -> Iterator[None]:
        started = time.process_time()
        yield
        out[step] = time.process_time() - started

    with counted("prior"):
        prior = FromSources.of((source.evidence,), _OPTIONS)
    with counted("design"):
        chosen = most_informative(prior, codes, _BUDGET, rng.permutation(len(codes)))
    fitted = load(strategy)(None, _OPTIONS)
    with counted("fit"):
        fitted.fit(codes[chosen], target[chosen], source)
    with counted("predict"):
        predicted = fitted.predict(codes)
    out["mape"] = float(100 * np.mean(np.abs(np.expm1(predicted - target))))
    out["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", type=int, default=[768, 1_000, 10_000, 100_000])
    parser.add_argument("--strategy", default="AUTO")
    arguments = parser.parse_args()
    # What is imported or drawn once belongs to no line.
    measured(100, arguments.strategy)
    print(pd.DataFrame([measured(rows, arguments.strategy) for rows in arguments.rows]).round(2).to_string(index=False))
