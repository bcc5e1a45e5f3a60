"""A small option space, fully measured in two sources and a target: what checks use."""

from __future__ import annotations

import itertools

import numpy as np

from perftransfer.space.options import Option

#: Ordered and unordered options; ``inter`` is inactive unless ``mode`` is parallel.
OPTIONS = (
    Option("threads", (1, 2, 4, 8), True, 1),
    Option("mode", ("sequential", "parallel"), False, "sequential"),
    Option("inter", (1, 2, 4), True, 1, conditional=True),
    Option("layout", ("nchw", "nhwc", "blocked"), False, "nhwc"),
    Option("spinning", (True, False), False, True),
)


def _all_codes() -> np.ndarray:
    inactive = len(OPTIONS[2].levels)
    return np.array(
        [
            codes
            for codes in itertools.product(range(4), range(2), range(inactive + 1), range(3), range(2))
            if (codes[1] == 0) == (codes[2] == inactive)
        ]
    )


#: All 96 configurations as codes, shape (configurations, options).
CODES = _all_codes()


def _log_latency(slope: float, layout: float) -> np.ndarray:
    threads, mode, inter, layout_code, spinning = CODES.T
    gain = np.array([0.0, 0.1, 0.25, 0.0])[inter]
    noise = np.random.default_rng(0).normal(0, 0.01, len(CODES))
    result: np.ndarray = (
        2.0 - slope * threads + layout * (layout_code == 0) - mode * gain + 0.2 * spinning * (threads > 1) + noise
    )
    return result


#: Objective of each configuration on the scale of learning, in two sources and in the target.
SOURCES = (_log_latency(0.4, 0.5), _log_latency(0.5, 0.3))
TARGET = _log_latency(0.45, 0.4) + 0.7
#: Options and interactions that matter in the sources.
TERMS = (("threads",), ("layout",), ("inter", "mode"))
