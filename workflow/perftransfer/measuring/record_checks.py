"""Tell whether a line of a journal is a whole record, and whether its values can have been measured."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from perftransfer.measuring.feed import FedInput
from perftransfer.measuring.records import Record

# Journals of earlier versions use other names.
_RENAMED = {"others_cpu_share": "external_cpu_share"}


# What a table can hold.
_MAX_COUNT = 2**63


class DamagedRecordError(ValueError):
    """A line that is no record: torn by a kill, damaged on a disk or on its way."""


class ImpossibleValueError(ValueError):
    """A whole record with a value that nothing can have measured."""


def parse(line: bytes) -> Record | None:
    """Read a line of a journal; None for an empty one, which keeps a torn line apart from the next.

    Raises
    ------
    DamagedRecordError
        The line is no JSON object, or a measurement lacks a value that each has.
    ImpossibleValueError
        It holds a value that cannot be, such as a negative latency.
    """
    if not line.strip():
        return None
    try:
        content: object = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise DamagedRecordError("is not valid JSON") from error
    if not isinstance(content, dict):
        raise DamagedRecordError("is not a JSON object")
    if b"\\u" in line and not _is_unicode(content):
        raise DamagedRecordError("is not valid Unicode")
    record: dict[str, object] = {str(_RENAMED.get(name, name)): value for name, value in content.items()}
    kind = record.get("record")
    if kind == "host":
        forms = {"environment_digest": _is_text, "node": _is_text, "fed": _is_fed}
        _check(record, forms, needed=("environment_digest",))
    elif kind in ("measurement", "sentinel"):
        needed = _NEEDED if kind == "sentinel" else (*_NEEDED, "repeat")
        _check(record, _FORMS, needed=needed)
        _check_values(record)
    return cast(Record, record)


def _is_unicode(content: object) -> bool:
    try:
        json.dumps(content, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _check(
    record: Mapping[str, object], forms: Mapping[str, Callable[[object], bool]], needed: tuple[str, ...]
) -> None:
    for name in needed:
        if name not in record:
            raise DamagedRecordError(f"has no {name}")
    for name, has_form in forms.items():
        if name in record and not has_form(record[name]):
            raise DamagedRecordError(f"{name} is {_short(record[name])}")


def _check_values(record: Mapping[str, object]) -> None:
    latencies = record.get("latency_ms")
    if record["status"] == "ok" and not latencies:
        raise DamagedRecordError("has the status ok and no latency_ms")
    for value in latencies if isinstance(latencies, list) else ():
        if not (_is_number(value) and 0 < value < math.inf):
            raise ImpossibleValueError(f"latency_ms is {_short(value)}; a latency is a positive number")
    for names, is_possible, words in _POSSIBLE:
        for name in names:
            value = record.get(name)
            if value is not None and not (_is_number(value) and is_possible(cast(float, value))):
                raise ImpossibleValueError(f"{name} is {_short(value)}; it must be {words}")


def _short(value: object) -> str:
    text = json.dumps(value) if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_number(value: object) -> bool:
    # JSON has whole numbers of any size, and what computes with them has not.
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**300)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_COUNT


def _is_truth_or_none(value: object) -> bool:
    return value is None or isinstance(value, bool)


def _is_time(value: object) -> bool:
    try:
        datetime.fromisoformat(cast(str, value))
    except (ValueError, TypeError):
        return False
    return True


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _are_levels(value: object) -> bool:
    return isinstance(value, dict) and all(
        level is None or isinstance(level, bool | int | float | str) for level in value.values()
    )


def _is_fed(value: object) -> bool:
    lists = list(value.values()) if isinstance(value, dict) else [None]
    return all(isinstance(inputs, list) and all(map(_is_fed_input, inputs)) for inputs in lists)


def _is_fed_input(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() >= FedInput.__required_keys__
        and isinstance(value["shape"], list)
        and all(map(_is_count, value["shape"]))
        and all(isinstance(value[name], str) for name in ("name", "type", "filled"))
    )


# Of measurements in journals of all versions.
_NEEDED = ("environment_digest", "configuration_id", "protocol", "status", "started_at", "options")
_FORMS: dict[str, Callable[[object], bool]] = {
    **dict.fromkeys(("environment_digest", "configuration_id", "protocol", "status", "environment"), _is_text),
    **dict.fromkeys(("error", "stopped", "energy_covers", "energy_missing"), _is_text_or_none),
    **dict.fromkeys(("repeat", "attempt", "order"), _is_count),
    **dict.fromkeys(("disturbed", "steady"), _is_truth_or_none),
    "started_at": _is_time,
    "latency_ms": _is_list,
    "options": _are_levels,
}
_POSSIBLE: tuple[tuple[tuple[str, ...], Callable[[float], bool], str], ...] = (
    (
        ("energy_mj", "peak_memory_mib", "cpu_mhz", "timeout_seconds"),
        lambda value: 0 < value < math.inf,
        "a positive number",
    ),
    (
        ("warmup_ms", "open_ms", "relative_ci", "energy_resolution"),
        lambda value: 0 <= value < math.inf,
        "a number from 0",
    ),
    (
        ("warmup_n", "throttle_events", "throttled_periods", "energy_n"),
        lambda value: 0 <= value < _MAX_COUNT and value == int(value),
        "a whole number from 0",
    ),
    (("external_cpu_share", "steal_cpu_share"), lambda value: 0 <= value <= 1, "a share from 0 to 1"),
    (("cpu_mhz_change",), math.isfinite, "a number"),
)
