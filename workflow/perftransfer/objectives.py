"""Names of objectives: the last part of a name is the unit (``latency_ms``), if it is one (``power_sum`` has none)."""

from __future__ import annotations

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

#: Objectives that can be measured here; those of published tables are named by the study.
MEASURED = ("latency_ms", "energy_mj", "peak_memory_mib")


def split(objective: str) -> tuple[str, str]:
    """Return the quantity in words and its unit, "" where the name carries none.

    >>> split("peak_memory_mib")
    ('peak memory', 'MiB')
    >>> split("power_sum")
    ('power sum', '')
    """
    quantity, _, last = objective.rpartition("_")
    if quantity and last in UNITS:
        return quantity.replace("_", " "), UNITS[last]
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
