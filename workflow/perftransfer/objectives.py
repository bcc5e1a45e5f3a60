"""Names of objectives: they say the quantity, its unit, and whether more of it is better.

The last part of a name is the unit (``latency_ms``), if it is one (``power_sum`` has none). A rate (``tokens_per_s``)
and a percentile (``latency_ms_p99``) are read as such.
"""

from __future__ import annotations

import re

UNITS = {
    "ns": "ns",
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "mj": "mJ",
    "j": "J",
    "mw": "mW",
    "w": "W",
    "kib": "KiB",
    "mib": "MiB",
    "gib": "GiB",
    "mb": "MB",
    "gb": "GB",
    "mhz": "MHz",
    "percent": "%",
}
#: Units of which more is better.
RATES = {
    "fps": "frames/s",
    "qps": "queries/s",
    "ips": "inferences/s",
    "gflops": "GFLOP/s",
    "tflops": "TFLOP/s",
    "gbps": "GB/s",
}
# Per unit of these, more is better: items per second or per joule.
_SPENT = ("s", "min", "h", "j", "mj", "w", "usd")
# Usually, more of these is better, but not always. So a study has to say it for such a column.
_AMBIGUOUS = frozenset(
    (
        "accuracy", "bandwidth", "efficiency", "f1", "goodput", "performance", "quality", "rate", "recall", "score",
        "speed", "speedup", "throughput", "utilisation", "utilization",
    )
)  # fmt: skip
_PERCENTILE = re.compile(r"(?P<name>.+)_p(?P<percent>\d{1,2})")

#: Percentiles of the latency of single inferences that are measured here.
PERCENTILES = (50, 90, 99)
#: Objectives that every engine measures.
COMMON = (
    "latency_ms", *(f"latency_ms_p{percent}" for percent in PERCENTILES), "throughput_per_s", "energy_mj",
    "peak_memory_mib",
)  # fmt: skip
#: What an engine of language models times as well: time to the first token and time per output token of each request,
#: latency between two tokens (inter-token latency), and generated tokens per second of all requests together.
GENERATION = ("ttft_ms", "tpot_ms", "itl_ms", "tokens_per_s")
#: Their percentiles that are objectives, too; of tokens per second none, since every round has one value.
GENERATION_PERCENTILES = {f"{name}_p{percent}": (name, percent) for name in GENERATION[:-1] for percent in PERCENTILES}
#: Objectives that can be measured here; those of published tables are named by the study.
MEASURED = (*COMMON, *GENERATION, *GENERATION_PERCENTILES)


def split(objective: str) -> tuple[str, str]:
    """Return the quantity in words and its unit, "" where the name carries none.

    >>> split("peak_memory_mib")
    ('peak memory', 'MiB')
    >>> split("power_sum")
    ('power sum', '')
    >>> split("throughput_per_s")
    ('throughput', 'per s')
    >>> split("latency_ms_p99")
    ('p99 latency', 'ms')
    """
    if percentile := _PERCENTILE.fullmatch(objective):
        quantity, unit = split(percentile["name"])
        return f"p{percentile['percent']} {quantity}", unit
    counted, per, spent = objective.rpartition("_per_")
    if per and "_" not in spent:
        quantity, unit = split(counted)
        return quantity, f"{unit} per {UNITS.get(spent, spent)}".strip()
    quantity, _, last = objective.rpartition("_")
    if quantity and last in UNITS | RATES:
        return quantity.replace("_", " "), (UNITS | RATES)[last]
    return objective.replace("_", " "), ""


def label(objective: str) -> str:
    """Return what an axis or a table's head says.

    >>> label("latency_ms")
    'latency (ms)'
    >>> label("power_sum")
    'power sum'
    """
    quantity, unit = split(objective)
    return f"{quantity} ({unit})" if unit else quantity


def more_is_better(objective: str) -> bool | None:
    """Return whether more of an objective is better, by its name; None if the name leaves it open.

    >>> more_is_better("tokens_per_s"), more_is_better("latency_ms"), more_is_better("accuracy")
    (True, False, None)
    """
    counted, per, spent = objective.rpartition("_per_")
    if (per and spent in _SPENT and not split(counted)[1]) or objective.rpartition("_")[2] in RATES:
        return True
    return None if _AMBIGUOUS & set(objective.split("_")) else False
